#include <string.h>

#include "app/vault.h"
#include "tests/unit/test.h"

#define KEY_ONE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_TWO "HxwdHhobGBkWFxQVEhMQEQ4PDA0KCwgJBgcEBQIDAAE"

static Services services_with(Arena *arena, const char *key, int64_t key_id, const char **old_keys)
{
    static const char *none[] = {NULL};
    Config *config = ARENA_NEW(arena, Config);
    config->encryption.key.reveal = key;
    config->encryption.key_id = key_id;
    config->encryption.old_keys = old_keys != NULL ? old_keys : none;
    Services services = {.config = config};
    ASSERT_OK(vault_open(arena, config, &services.vault));
    return services;
}

TEST(vault, gives_back_what_was_put_in)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Services services = services_with(arena, KEY_ONE, 1, NULL);
    Slice bytes = vault_encrypt(&services, arena, "volunteer.id_number", "11010519491231002X");
    ASSERT(memmem(bytes.data, bytes.length, "11010519491231002X", 18) == NULL);
    const char *text = NULL;
    ASSERT_OK(vault_decrypt(&services, arena, "volunteer.id_number", bytes, &text));
    ASSERT_STR_EQUAL("11010519491231002X", text);
}

TEST(vault, never_encrypts_the_same_text_to_the_same_bytes)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Services services = services_with(arena, KEY_ONE, 1, NULL);
    Slice first = vault_encrypt(&services, arena, "a.b", "text");
    Slice second = vault_encrypt(&services, arena, "a.b", "text");
    ASSERT_INT_EQUAL(first.length, second.length);
    ASSERT(memcmp(first.data, second.data, first.length) != 0);
}

TEST(vault, refuses_bytes_of_another_column_and_changed_bytes)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Services services = services_with(arena, KEY_ONE, 1, NULL);
    Slice bytes = vault_encrypt(&services, arena, "volunteer.id_number", "secret");
    const char *text = NULL;
    ASSERT_ERR(ERR_INTERNAL, vault_decrypt(&services, arena, "volunteer.health", bytes, &text));
    for (size_t i = 0; i < bytes.length; i++) {
        char *changed = arena_strndup(arena, bytes.data, bytes.length);
        changed[i] ^= 1;
        ASSERT_ERR(ERR_INTERNAL,
                   vault_decrypt(&services, arena, "volunteer.id_number",
                                 (Slice){.data = changed, .length = bytes.length}, &text));
    }
    ASSERT_ERR(ERR_INTERNAL, vault_decrypt(&services, arena, "volunteer.id_number",
                                           (Slice){.data = bytes.data, .length = 10}, &text));
    ASSERT(text == NULL);
}

TEST(vault, keeps_nothing_as_nothing)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Services services = services_with(arena, KEY_ONE, 1, NULL);
    Slice bytes = vault_encrypt(&services, arena, "a.b", NULL);
    const char *text = "untouched";
    ASSERT_OK(vault_decrypt(&services, arena, "a.b", bytes, &text));
    ASSERT(text == NULL);
}

TEST(vault, reads_old_values_and_hashes_after_a_rotation)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Services before = services_with(arena, KEY_ONE, 1, NULL);
    Slice bytes = vault_encrypt(&before, arena, "a.b", "text");
    const char *hash = vault_hash(&before, arena, "a.b", "text");

    const char *old_keys[] = {"1:" KEY_ONE, NULL};
    Services after = services_with(arena, KEY_TWO, 2, old_keys);
    const char *text = NULL;
    ASSERT_OK(vault_decrypt(&after, arena, "a.b", bytes, &text));
    ASSERT_STR_EQUAL("text", text);
    ASSERT_STR_EQUAL(hash, vault_hash(&after, arena, "a.b", "text"));

    Services without = services_with(arena, KEY_TWO, 2, NULL);
    ASSERT_ERR(ERR_INTERNAL, vault_decrypt(&without, arena, "a.b", bytes, &text));
}

TEST(vault, hashes_depend_on_key_and_column)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Services one = services_with(arena, KEY_ONE, 1, NULL);
    Services two = services_with(arena, KEY_TWO, 1, NULL);
    const char *hash = vault_hash(&one, arena, "a.b", "text");
    ASSERT(strcmp(hash, vault_hash(&two, arena, "a.b", "text")) != 0);
    ASSERT(strcmp(hash, vault_hash(&one, arena, "a.c", "text")) != 0);
    ASSERT_STR_EQUAL(hash, vault_hash(&one, arena, "a.b", "text"));
}
