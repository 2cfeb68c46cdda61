#include "app/vault.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define FORMAT_XCHACHA 1
#define HEADER_BYTES 5
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define KEYS_MAX 17
#define HASH_BYTES 32

typedef struct VaultKey {
    uint32_t id;
    unsigned char bytes[KEY_BYTES];
} VaultKey;

struct Vault {
    VaultKey keys[KEYS_MAX]; /* the first encrypts */
    size_t count;
    unsigned char hash_key[KEY_BYTES]; /* of the oldest key, so that rotation leaves hashes valid */
};

static Err *add_key(Arena *arena, Vault *vault, int64_t id, const char *text)
{
    size_t length = 0;
    const unsigned char *bytes = str_parse_base64url(arena, text, &length);
    if (bytes == NULL || length != KEY_BYTES) {
        return ERR(arena, ERR_CONFIG, "encryption_key_invalid",
                   "encryption key %" PRId64 " is not base64url of %d bytes", id, (int)KEY_BYTES);
    }
    VaultKey *key = &vault->keys[vault->count++];
    key->id = (uint32_t)id;
    memcpy(key->bytes, bytes, KEY_BYTES);
    return NULL;
}

static Err *add_old_key(Arena *arena, Vault *vault, const char *item)
{
    const char *colon = strchr(item, ':');
    int64_t id = 0;
    if (colon == NULL || vault->count == KEYS_MAX ||
        !str_parse_int64(arena_strndup(arena, item, (size_t)(colon - item)), &id)) {
        return ERR(arena, ERR_CONFIG, "encryption_key_invalid",
                   "encryption.old_keys: an item is not of the form ID:KEY, or there are too many");
    }
    return add_key(arena, vault, id, colon + 1);
}

Err *vault_open(Arena *arena, const Config *config, Vault **ret_vault)
{
    BUG_ON(sodium_init() < 0);
    Vault *vault = ARENA_NEW(arena, Vault);
    TRY(add_key(arena, vault, config->encryption.key_id, config->encryption.key.reveal));
    for (const char **item = config->encryption.old_keys; *item != NULL; item++) {
        TRY(add_old_key(arena, vault, *item));
    }
    const VaultKey *oldest = &vault->keys[0];
    for (size_t i = 1; i < vault->count; i++) {
        oldest = vault->keys[i].id < oldest->id ? &vault->keys[i] : oldest;
    }
    /* The hash key is derived, so that one key never serves two algorithms. */
    crypto_generichash(vault->hash_key, sizeof(vault->hash_key),
                       (const unsigned char *)"voms keyed hash", 15, oldest->bytes, KEY_BYTES);
    *ret_vault = vault;
    return NULL;
}

static void write_header(unsigned char *bytes, uint32_t key_id)
{
    bytes[0] = FORMAT_XCHACHA;
    bytes[1] = (unsigned char)(key_id >> 24);
    bytes[2] = (unsigned char)(key_id >> 16);
    bytes[3] = (unsigned char)(key_id >> 8);
    bytes[4] = (unsigned char)key_id;
}

Slice vault_encrypt(Services *services, Arena *arena, const char *context, const char *text)
{
    if (text == NULL) {
        return (Slice){};
    }
    const VaultKey *key = &services->vault->keys[0];
    size_t length = strlen(text);
    unsigned char *bytes = arena_alloc(arena, HEADER_BYTES + NONCE_BYTES + length + TAG_BYTES);
    write_header(bytes, key->id);
    randombytes_buf(bytes + HEADER_BYTES, NONCE_BYTES);
    unsigned long long written = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + HEADER_BYTES + NONCE_BYTES, &written,
                                               (const unsigned char *)text, length,
                                               (const unsigned char *)context, strlen(context),
                                               NULL, bytes + HEADER_BYTES, key->bytes);
    return (Slice){.data = (const char *)bytes, .length = HEADER_BYTES + NONCE_BYTES + written};
}

static const VaultKey *find_key(const Vault *vault, const unsigned char *header)
{
    uint32_t id = (uint32_t)header[1] << 24 | (uint32_t)header[2] << 16 | (uint32_t)header[3] << 8 |
                  header[4];
    for (size_t i = 0; i < vault->count; i++) {
        if (vault->keys[i].id == id) {
            return &vault->keys[i];
        }
    }
    return NULL;
}

Err *vault_decrypt(Services *services, Arena *arena, const char *context, Slice bytes,
                   const char **ret_text)
{
    if (bytes.length == 0) {
        *ret_text = NULL;
        return NULL;
    }
    const unsigned char *data = (const unsigned char *)bytes.data;
    if (bytes.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES || data[0] != FORMAT_XCHACHA) {
        return ERR(arena, ERR_INTERNAL, "decryption_failed", "%s: not an encrypted value", context);
    }
    const VaultKey *key = find_key(services->vault, data);
    if (key == NULL) {
        return ERR(arena, ERR_INTERNAL, "decryption_failed",
                   "%s: encrypted with a key that is not in encryption.key or encryption.old_keys",
                   context);
    }
    size_t sealed_length = bytes.length - HEADER_BYTES - NONCE_BYTES;
    char *text = arena_alloc(arena, sealed_length - TAG_BYTES + 1);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)text, NULL, NULL,
                                                   data + HEADER_BYTES + NONCE_BYTES, sealed_length,
                                                   (const unsigned char *)context, strlen(context),
                                                   data + HEADER_BYTES, key->bytes) != 0) {
        return ERR(arena, ERR_INTERNAL, "decryption_failed", "%s: the bytes were changed", context);
    }
    *ret_text = text;
    return NULL;
}

const char *vault_hash(Services *services, Arena *arena, const char *context, const char *text)
{
    unsigned char hash[HASH_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, services->vault->hash_key, KEY_BYTES, sizeof(hash));
    /* With its zero byte the context cannot run into the text. */
    crypto_generichash_update(&state, (const unsigned char *)context, strlen(context) + 1);
    crypto_generichash_update(&state, (const unsigned char *)text, strlen(text));
    crypto_generichash_final(&state, hash, sizeof(hash));
    return str_hex(arena, hash, sizeof(hash));
}
