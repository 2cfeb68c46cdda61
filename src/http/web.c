/* The web apps' files: found at start, read when first asked for, then kept with their headers. The
 * files of a release do not change under a running server; of one that was replaced nevertheless
 * what was read before is still answered, and the rest is away (404, 503) until the next start:
 * never a mixture of two releases under one tag. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/map.h"
#include "http/adapter.h"
#include "http/negotiate.h"

enum { DEPTH_MAX = 8, FILES_MAX = 5000, FILE_MAX_BYTES = 64 * 1024 * 1024 };

enum { IDENTITY, GZIP, BROTLI, VARIANT_COUNT };

typedef struct Variant {
    const char *path; /* NULL: not there */
    size_t size_bytes;
    struct timespec modified; /* as it was found */
    Arena *arena;             /* holds the content once it was read */
    _Atomic(struct MHD_Response *) response;
} Variant;

typedef struct WebFile {
    const char *content_type;
    const char *cache_control;
    const char *etag;
    Variant variants[VARIANT_COUNT];
} WebFile;

struct Web {
    Arena *arena;
    Map files; /* by path of the URL */
    pthread_mutex_t mutex;
    bool has_portal;
    bool has_admin;
};

/* ---- The index ---- */

typedef struct ContentType {
    const char *suffix;
    const char *type;
} ContentType;

static const char *content_type_of(const char *name)
{
    static const ContentType types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".woff", "font/woff"},
        {".ttf", "font/ttf"},
        {".txt", "text/plain; charset=utf-8"},
        {".webmanifest", "application/manifest+json"},
        {".wasm", "application/wasm"},
    };

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (str_ends_with(name, types[i].suffix)) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

/* Vite puts a hash of the content into the names of everything below assets/. */
static const char *cache_control_of(const char *url)
{
    if (strstr(url, "/assets/") != NULL) {
        return "public, max-age=31536000, immutable";
    }
    return "no-cache";
}

static void add_variant(WebFile *file, Arena *arena, int variant, const char *path)
{
    struct stat status;

    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size < FILE_MAX_BYTES) {
        file->variants[variant].path = arena_strdup(arena, path);
        file->variants[variant].size_bytes = (size_t)status.st_size;
        file->variants[variant].modified = status.st_mtim;
    }
}

static void add_file(Web *web, const char *path, const char *url, const struct stat *status)
{
    Arena *arena = web->arena;
    WebFile *file = ARENA_NEW(arena, WebFile);

    file->content_type = content_type_of(url);
    file->cache_control = cache_control_of(url);
    file->etag = arena_printf(arena, "\"%" PRIx64 "-%" PRIx64 "\"", (uint64_t)status->st_size,
                              (uint64_t)status->st_mtim.tv_sec * 1000 +
                                  (uint64_t)status->st_mtim.tv_nsec / 1000000);
    add_variant(file, arena, IDENTITY, path);
    add_variant(file, arena, GZIP, arena_printf(arena, "%s.gz", path));
    add_variant(file, arena, BROTLI, arena_printf(arena, "%s.br", path));
    map_set(&web->files, url, file);
}

static bool is_wanted(const char *name)
{
    return name[0] != '.' && !str_ends_with(name, ".gz") && !str_ends_with(name, ".br");
}

static void close_directory(DIR **directory)
{
    if (*directory != NULL) {
        closedir(*directory);
    }
}

static void add_folder(Web *web, const char *path, const char *url, int depth)
{
    CLEANUP(close_directory) DIR *directory = opendir(path);
    struct stat status;

    if (directory == NULL || depth > DEPTH_MAX) {
        return;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *entry_path = arena_printf(web->arena, "%s/%s", path, entry->d_name);
        const char *entry_url = arena_printf(web->arena, "%s/%s", url, entry->d_name);
        if (!is_wanted(entry->d_name) || stat(entry_path, &status) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode)) {
            add_folder(web, entry_path, entry_url, depth + 1);
        } else if (S_ISREG(status.st_mode) && web->files.count < FILES_MAX) {
            add_file(web, entry_path, entry_url, &status);
        }
    }
}

Err *web_open(Arena *arena, const char *root, Web **ret_web)
{
    struct stat status;

    *ret_web = NULL;
    if (root == NULL) {
        return NULL;
    }
    if (stat(root, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return ERR(arena, ERR_CONFIG, "web_root_unreadable", "web.root: %s is no readable folder",
                   root);
    }
    Web *web = ARENA_NEW(arena, Web);
    web->arena = arena;
    map_init(&web->files, arena);
    BUG_ON(pthread_mutex_init(&web->mutex, NULL) != 0);
    add_folder(web, arena_printf(arena, "%s/admin", root), "/admin", 0);
    add_folder(web, arena_printf(arena, "%s/portal", root), "", 0);
    web->has_admin = map_get(&web->files, "/admin/index.html") != NULL;
    web->has_portal = map_get(&web->files, "/index.html") != NULL;
    *ret_web = web;
    return NULL;
}

static void close_file(WebFile *file)
{
    for (int i = 0; i < VARIANT_COUNT; i++) {
        struct MHD_Response *response = atomic_load(&file->variants[i].response);
        if (response != NULL) {
            MHD_destroy_response(response);
            arena_free(file->variants[i].arena);
        }
    }
}

void web_close(Web *web)
{
    if (web == NULL) {
        return;
    }
    MAP_FOREACH (entry, &web->files) {
        close_file(entry->value);
    }
    pthread_mutex_destroy(&web->mutex);
}

bool web_has_portal(const Web *web)
{
    return web != NULL && web->has_portal;
}

/* ---- Which file ---- */

/* A page of an app is made by its script: every such path gets the app's index.html. What looks
 * like a file but is none is not found. */
static const char *page_of(const Web *web, const char *path)
{
    const char *last = strrchr(path, '/');

    if (last == NULL || strchr(last, '.') != NULL || str_starts_with(path, "/api/")) {
        return NULL;
    }
    if (str_starts_with(path, "/admin/")) {
        return web->has_admin ? "/admin/index.html" : NULL;
    }
    return web->has_portal ? "/index.html" : NULL;
}

static WebFile *find_file(const Web *web, const char *path)
{
    WebFile *file = map_get(&web->files, path);
    const char *page = file == NULL ? page_of(web, path) : NULL;

    return page == NULL ? file : map_get(&web->files, page);
}

/* Where to look instead, or NULL. */
static const char *redirect_of(const Web *web, const char *path)
{
    bool is_root = strcmp(path, "/") == 0 && !web->has_portal;
    bool is_admin = strcmp(path, "/admin") == 0;

    return web->has_admin && (is_root || is_admin) ? "/admin/" : NULL;
}

bool web_answers(const Web *web, const char *path)
{
    return redirect_of(web, path) != NULL || find_file(web, path) != NULL;
}

/* ---- Answers ---- */

typedef struct FileRead {
    const Variant *variant;
    char *buffer;
    int error; /* errno; ESTALE when the file is not the one that was found */
} FileRead;

static bool is_same(const Variant *found, const struct stat *status)
{
    return (size_t)status->st_size == found->size_bytes &&
           status->st_mtim.tv_sec == found->modified.tv_sec &&
           status->st_mtim.tv_nsec == found->modified.tv_nsec;
}

static void read_file(void *arg)
{
    FileRead *read_job = arg;
    size_t size = read_job->variant->size_bytes;
    CLEANUP(fd_closep) int fd = open(read_job->variant->path, O_RDONLY | O_CLOEXEC);

    struct stat status = {};
    read_job->error = fd < 0 || fstat(fd, &status) != 0 ? errno : 0;
    if (read_job->error == 0 && !is_same(read_job->variant, &status)) {
        read_job->error = ESTALE;
    }
    if (read_job->error == 0) {
        ssize_t got = fd_read(fd, read_job->buffer, size);
        read_job->error = got < 0 ? errno : (size_t)got < size ? ESTALE : 0;
    }
}

static const char security_policy[] =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-ancestors 'none'";

static struct MHD_Response *make_response(const WebFile *file, int variant, char *content)
{
    static const char *const codings[VARIANT_COUNT] = {[GZIP] = "gzip", [BROTLI] = "br"};
    const Pair headers[] = {
        {"Content-Type", file->content_type},
        {"Cache-Control", file->cache_control},
        {"ETag", file->etag},
        {"Vary", "Accept-Encoding"},
        {"Content-Security-Policy", security_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "same-origin"},
        {"Content-Encoding", codings[variant]},
    };
    struct MHD_Response *response =
        MHD_create_response_from_buffer(file->variants[variant].size_bytes, content,
                                        MHD_RESPMEM_PERSISTENT);

    for (size_t i = 0; response != NULL && i < COUNT_OF(headers); i++) {
        if (headers[i].value != NULL) {
            MHD_add_response_header(response, headers[i].name, headers[i].value);
        }
    }
    return response;
}

/* Two loops may read the same file at once: the first to come keeps it. */
static void keep(Web *web, WebFile *file, int variant, char *content, Arena *arena)
{
    Variant *kept = &file->variants[variant];

    pthread_mutex_lock(&web->mutex);
    bool is_first = atomic_load(&kept->response) == NULL;
    if (is_first) {
        kept->arena = arena;
        atomic_store(&kept->response, make_response(file, variant, content));
    }
    pthread_mutex_unlock(&web->mutex);
    if (!is_first) {
        arena_free(arena);
    }
}

YIELDS static Err *load(Web *web, WebFile *file, int variant)
{
    Variant *wanted = &file->variants[variant];
    CLEANUP(arena_freep) Arena *arena = arena_new();
    FileRead job = {.variant = wanted, .buffer = arena_alloc(arena, wanted->size_bytes + 1)};

    TRY(offload(read_file, &job));
    if (job.error == ENOENT || job.error == ESTALE) {
        bool is_gone = job.error == ENOENT;
        return ERR(fiber_arena(), is_gone ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
                   is_gone ? "not_found" : "unavailable",
                   "%s was replaced under the running server, which wants a restart", wanted->path);
    }
    if (job.error != 0) {
        return ERR(fiber_arena(), ERR_INTERNAL, "internal_error", "cannot read %s: %s",
                   wanted->path, strerror(job.error));
    }
    keep(web, file, variant, job.buffer, TAKE(arena));
    return NULL;
}

static int choose_variant(const WebFile *file, const char *accept_encoding)
{
    if (file->variants[BROTLI].path != NULL && negotiate_accepts_encoding(accept_encoding, "br")) {
        return BROTLI;
    }
    if (file->variants[GZIP].path != NULL && negotiate_accepts_encoding(accept_encoding, "gzip")) {
        return GZIP;
    }
    return IDENTITY;
}

static void answer_not_modified(HttpResponse *res, const WebFile *file)
{
    res->status = HTTP_NOT_MODIFIED;
    res->etag = file->etag;
    http_set_header(res, "Vary", "Accept-Encoding");
}

YIELDS Err *web_answer(Web *web, Exchange *exchange)
{
    const HttpRequest *req = &exchange->req;
    HttpResponse *res = &exchange->res;
    const char *target = redirect_of(web, req->path);

    if (target != NULL) {
        http_set_header(res, "Location", target);
        res->status = 308;
        return NULL;
    }
    WebFile *file = find_file(web, req->path);
    const char *if_none_match = http_header(req, "If-None-Match");
    if (if_none_match != NULL &&
        negotiate_etag_matches(if_none_match, file->etag, /* weak= */ true)) {
        answer_not_modified(res, file);
        return NULL;
    }
    int variant = choose_variant(file, http_header(req, "Accept-Encoding"));
    if (atomic_load(&file->variants[variant].response) == NULL) {
        TRY(load(web, file, variant));
    }
    exchange->web_answer = atomic_load(&file->variants[variant].response);
    res->status = HTTP_OK;
    return NULL;
}
