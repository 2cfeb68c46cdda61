-- SQLite compares with a list of more than two by a table in memory, which a CHECK makes anew for each
-- row: a third of the time that the insert of a volunteer took. Comparisons say the same. What is stored stays
-- as it is, so the tables need not be made anew (sqlite.org/lang_altertable.html, section 7).
PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (state IN (''applicant'', ''active'', ''inactive'', ''suspended'', ''archived''))',
    'CHECK (state = ''applicant'' OR state = ''active'' OR state = ''inactive'' OR state = ''suspended'' OR state = ''archived'')')
WHERE type = 'table' AND name = 'volunteer';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (gender IN (''unspecified'', ''male'', ''female''))',
    'CHECK (gender = ''unspecified'' OR gender = ''male'' OR gender = ''female'')')
WHERE type = 'table' AND name = 'volunteer';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (id_document_type IN (''resident_id'', ''hk_macao_permit'', ''taiwan_permit'', ''passport'', ''other''))',
    'CHECK (id_document_type = ''resident_id'' OR id_document_type = ''hk_macao_permit'' OR id_document_type = ''taiwan_permit'' OR id_document_type = ''passport'' OR id_document_type = ''other'')')
WHERE type = 'table' AND name = 'volunteer';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (state IN (''applied'', ''active'', ''inactive'', ''suspended'', ''left'', ''rejected''))',
    'CHECK (state = ''applied'' OR state = ''active'' OR state = ''inactive'' OR state = ''suspended'' OR state = ''left'' OR state = ''rejected'')')
WHERE type = 'table' AND name = 'membership';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (kind IN (''privacy_policy'', ''guardian'', ''sensitive_data''))',
    'CHECK (kind = ''privacy_policy'' OR kind = ''guardian'' OR kind = ''sensitive_data'')')
WHERE type = 'table' AND name = 'consent';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (outcome IN (''create'', ''update'', ''skip'', ''refuse''))',
    'CHECK (outcome = ''create'' OR outcome = ''update'' OR outcome = ''skip'' OR outcome = ''refuse'')')
WHERE type = 'table' AND name = 'import_row';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (state IN (''pending'', ''approved'', ''waitlisted'', ''offered'', ''rejected'',
                                         ''cancelled'', ''attended'', ''absent''))',
    'CHECK (state = ''pending'' OR state = ''approved'' OR state = ''waitlisted'' OR state = ''offered'' OR state = ''rejected'' OR state = ''cancelled'' OR state = ''attended'' OR state = ''absent'')')
WHERE type = 'table' AND name = 'signup';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (cancelled_by IN (''volunteer'', ''staff'', ''system''))',
    'CHECK (cancelled_by = ''volunteer'' OR cancelled_by = ''staff'' OR cancelled_by = ''system'')')
WHERE type = 'table' AND name = 'signup';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (state IN (''present'', ''completed'', ''absent'', ''voided''))',
    'CHECK (state = ''present'' OR state = ''completed'' OR state = ''absent'' OR state = ''voided'')')
WHERE type = 'table' AND name = 'attendance';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (grade IN (''A'', ''B'', ''C'', ''D''))',
    'CHECK (grade = ''A'' OR grade = ''B'' OR grade = ''C'' OR grade = ''D'')')
WHERE type = 'table' AND name = 'attendance';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (check_in_method IN (''rotating_code'', ''geofence'', ''kiosk'', ''front_desk'', ''back_fill''))',
    'CHECK (check_in_method = ''rotating_code'' OR check_in_method = ''geofence'' OR check_in_method = ''kiosk'' OR check_in_method = ''front_desk'' OR check_in_method = ''back_fill'')')
WHERE type = 'table' AND name = 'attendance';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (check_out_method IN (''rotating_code'', ''geofence'', ''kiosk'', ''front_desk'', ''back_fill'', ''automatic''))',
    'CHECK (check_out_method = ''rotating_code'' OR check_out_method = ''geofence'' OR check_out_method = ''kiosk'' OR check_out_method = ''front_desk'' OR check_out_method = ''back_fill'' OR check_out_method = ''automatic'')')
WHERE type = 'table' AND name = 'attendance';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (review IN (''none'', ''needed'', ''approved'', ''rejected''))',
    'CHECK (review = ''none'' OR review = ''needed'' OR review = ''approved'' OR review = ''rejected'')')
WHERE type = 'table' AND name = 'attendance';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (grade IN (''A'', ''B'', ''C'', ''D''))',
    'CHECK (grade = ''A'' OR grade = ''B'' OR grade = ''C'' OR grade = ''D'')')
WHERE type = 'table' AND name = 'ledger_claim';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (state IN (''granted'', ''held'', ''rejected'', ''voided''))',
    'CHECK (state = ''granted'' OR state = ''held'' OR state = ''rejected'' OR state = ''voided'')')
WHERE type = 'table' AND name = 'ledger_claim';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (reason IN (''grade'', ''overlap'', ''unit_limit'', ''parent_limit'', ''review_rejected'',
                                  ''too_short'', ''decided''))',
    'CHECK (reason = ''grade'' OR reason = ''overlap'' OR reason = ''unit_limit'' OR reason = ''parent_limit'' OR reason = ''review_rejected'' OR reason = ''too_short'' OR reason = ''decided'')')
WHERE type = 'table' AND name = 'ledger_claim';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (level IN (''automatic'', ''unit'', ''parent''))',
    'CHECK (level = ''automatic'' OR level = ''unit'' OR level = ''parent'')')
WHERE type = 'table' AND name = 'ledger_claim';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (kind IN (''grant'', ''void'', ''regrant''))',
    'CHECK (kind = ''grant'' OR kind = ''void'' OR kind = ''regrant'')')
WHERE type = 'table' AND name = 'ledger_entry';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (grade IN (''A'', ''B'', ''C'', ''D''))',
    'CHECK (grade = ''A'' OR grade = ''B'' OR grade = ''C'' OR grade = ''D'')')
WHERE type = 'table' AND name = 'ledger_entry';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (mail IN (''none'', ''waiting'', ''sent'', ''refused''))',
    'CHECK (mail = ''none'' OR mail = ''waiting'' OR mail = ''sent'' OR mail = ''refused'')')
WHERE type = 'table' AND name = 'notice';
PRAGMA writable_schema = RESET;

-- One index counts a unit's volunteers and finds them; the id is in it anyway.
DROP INDEX volunteer_count_index;
DROP INDEX volunteer_unit_index;
CREATE INDEX volunteer_unit_index ON volunteer (unit_id, state);
