/* vault.h - encryption of sensitive columns.
 *
 * XChaCha20-Poly1305 (libsodium); the stored bytes are: format (1), key id (4, big endian), nonce
 * (24), ciphertext. The context names the column, and is authenticated, so that a value cannot be
 * moved to another column. Keys come from encryption.key and encryption.old_keys. */
#pragma once

#include "app/services.h"
#include "base/str.h"

/* Takes the keys from the configuration. Fails with ERR_CONFIG. */
Err *vault_open(Arena *arena, const Config *config, Vault **ret_vault);

/* Encrypts text; NULL stays {NULL, 0}. Lives in arena. */
Slice vault_encrypt(Services *services, Arena *arena, const char *context, const char *text);

/* Decrypts. Fails with ERR_INTERNAL ("decryption_failed") if the key is unknown or the bytes were
 * changed. */
Err *vault_decrypt(Services *services, Arena *arena, const char *context, Slice bytes,
                   const char **ret_text);

/* Keyed hash of a normalised text (BLAKE2b, 32 bytes, hexadecimal), for equality search and
 * uniqueness. */
const char *vault_hash(Services *services, Arena *arena, const char *context, const char *text);
