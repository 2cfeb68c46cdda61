/* secret_file.h - the embedded profile's generated secrets. */
#pragma once

#include "app/config.h"

/* Reads data_dir/secrets.json (mode 0600) into config, or makes folder and file with random secrets
 * at the first start. Also proposes a random password for the super administrator, which counts
 * only if that account is made now. Blocks. Fails with ERR_CONFIG, naming the path. */
Err *secret_file_load(Arena *arena, const char *data_dir, Config *config);
