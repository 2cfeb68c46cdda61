-- What the organisation decides for itself: one document.
CREATE TABLE organisation_setting (
    id bigint PRIMARY KEY CHECK (id = 1),
    document jsonb NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
