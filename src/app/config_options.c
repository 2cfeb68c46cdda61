#include "app/config_options.h"

#include <stddef.h>

#include "base/time.h"

static const char *const DRIVERS[] = {"sqlite", "postgres", NULL};
static const char *const LEVELS[] = {"debug", "info", "warn", "error", NULL};
static const char *const TLS[] = {"required", "none", NULL};
static const char *const FORMATS[] = {"text", "json", NULL};

#define OPTION(section_, name_, type_, ...)                                                        \
    {                                                                                              \
        .section = #section_, .name = #name_, .type = (type_),                                     \
        .offset = offsetof(Config, section_.name_), __VA_ARGS__                                    \
    }
#define DURATION(section_, name_, ...)                                                             \
    {                                                                                              \
        .section = #section_, .name = #name_, .type = OPTION_DURATION,                             \
        .offset = offsetof(Config, section_.name_##_ms), __VA_ARGS__                               \
    }

/* clang-format off */
const Option config_options[] = {
    OPTION(server, host, OPTION_TEXT, .fallback = "127.0.0.1", .min = 1, .max = 255,
           .en = "Address to listen on.",
           .zh = "监听地址。"),
    OPTION(server, port, OPTION_INT, .fallback = "8181", .min = 0, .max = 65535,
           .en = "Port to listen on; 0 takes any free one.",
           .zh = "监听端口；0 表示任选一个空闲端口。"),
    OPTION(server, public_url, OPTION_TEXT, .max = 255,
           .en = "Address under which people reach the system, such as https://voms.example.org.",
           .zh = "用户访问系统的地址，例如 https://voms.example.org。"),
    OPTION(server, threads, OPTION_INT, .fallback = "0", .min = 0, .max = 256,
           .en = "Event loops, each in a thread; 0: one per core.",
           .zh = "事件循环（线程）数；0 表示每个 CPU 核心一个。"),
    OPTION(server, trusted_proxies, OPTION_TEXT_LIST, .max = 64,
           .en = "Addresses or networks whose X-Forwarded-For is believed.",
           .zh = "可信代理的地址或网段，只采信它们的 X-Forwarded-For。"),
    OPTION(server, cors_origins, OPTION_TEXT_LIST, .max = 64,
           .en = "Origins of other sites that may call the API from a browser; empty: none.",
           .zh = "允许跨域调用 API 的来源；空表示不允许。"),
    OPTION(database, driver, OPTION_CHOICE, .fallback = "sqlite", .choices = DRIVERS,
           .en = "sqlite or postgres.",
           .zh = "sqlite 或 postgres。"),
    OPTION(database, path, OPTION_TEXT, .max = 4096,
           .en = "sqlite: the file; by default voms.db in storage.path.",
           .zh = "sqlite 数据库文件；默认是 storage.path 下的 voms.db。"),
    OPTION(database, url, OPTION_SECRET, .max = 4096,
           .en = "postgres: connection URI, such as postgresql://voms@/voms_production?host=/run/postgresql.",
           .zh = "postgres 连接串，例如 postgresql://voms@/voms_production?host=/run/postgresql。"),
    OPTION(database, pipelines, OPTION_INT, .fallback = "1", .min = 1, .max = 16,
           .en = "postgres: shared pipelined connections per event loop.",
           .zh = "postgres：每个事件循环的共享流水线连接数。"),
    OPTION(database, transactions_max, OPTION_INT, .fallback = "8", .min = 1, .max = 256,
           .en = "postgres: connections for transactions per event loop.",
           .zh = "postgres：每个事件循环用于事务的连接数上限。"),
    DURATION(database, statement_timeout, .fallback = "10s", .min = 100, .max = 10 * MINUTE_MS,
           .en = "Longest time that one statement may take.",
           .zh = "单条 SQL 语句的最长执行时间。"),
    OPTION(redis, url, OPTION_SECRET, .max = 1024,
           .en = "Redis, for what several processes share for a short while: redis://[user[:password]@]host[:port][/database], rediss:// for TLS, or unix:///path; absent: in memory.",
           .zh = "Redis，供多个进程共享短时数据：redis://[用户[:密码]@]主机[:端口][/库号]，TLS 用 rediss://，本机套接字用 unix:///路径；不填则在内存中。"),
    OPTION(redis, ca_file, OPTION_TEXT, .max = 4096,
           .en = "Certificates (PEM) to trust with rediss://; absent: the system's.",
           .zh = "rediss:// 信任的证书（PEM）文件；不填则用系统自带的。"),
    OPTION(jwt, secret, OPTION_SECRET, .flags = OPTION_REQUIRED | OPTION_WEAK_CHECK, .min = 32, .max = 1024,
           .en = "Signs access tokens; at least 32 bytes. Changing it ends every login.",
           .zh = "访问令牌的签名密钥，至少 32 字节。更换后所有登录失效。"),
    OPTION(jwt, issuer, OPTION_TEXT, .fallback = "voms", .min = 1, .max = 128,
           .en = "Issuer named in access tokens.",
           .zh = "访问令牌中的签发者。"),
    DURATION(jwt, access_ttl, .fallback = "15m", .min = 5 * SECOND_MS, .max = DAY_MS,
           .en = "Life of an access token.",
           .zh = "访问令牌的有效期。"),
    DURATION(jwt, refresh_ttl, .fallback = "30d", .min = MINUTE_MS, .max = 365 * DAY_MS,
           .en = "Life of a refresh token since its last use.",
           .zh = "刷新令牌自上次使用起的有效期。"),
    OPTION(encryption, key, OPTION_SECRET, .flags = OPTION_REQUIRED | OPTION_KEY, .max = 64,
           .en = "Encrypts identity numbers and other sensitive columns: base64url of 32 random bytes. Losing it loses them.",
           .zh = "加密身份证号等敏感字段的密钥：32 个随机字节的 base64url。丢失后这些数据无法恢复。"),
    OPTION(encryption, key_id, OPTION_INT, .fallback = "1", .min = 1, .max = 1000000,
           .en = "Number of the key, stored beside each value.",
           .zh = "密钥编号，与每个密文一起保存。"),
    OPTION(encryption, old_keys, OPTION_TEXT_LIST, .max = 16,
           .en = "Former keys as \"ID:KEY\", still able to decrypt.",
           .zh = "仍可用于解密的旧密钥，格式为 \"编号:密钥\"。"),
    OPTION(super_admin, username, OPTION_TEXT, .flags = OPTION_REQUIRED, .min = 3, .max = 64,
           .en = "Login of the super administrator.",
           .zh = "超级管理员的用户名。"),
    OPTION(super_admin, password, OPTION_SECRET, .flags = OPTION_REQUIRED | OPTION_WEAK_CHECK, .min = 10, .max = 256,
           .en = "Password at the first start; stored only as a hash, and never logged.",
           .zh = "首次启动时的密码；只保存哈希，永不写入日志。"),
    OPTION(storage, path, OPTION_TEXT, .max = 4096,
           .en = "Folder for files: uploads, evidence, the sqlite database.",
           .zh = "文件目录：上传、附件、sqlite 数据库。"),
    OPTION(mail, url, OPTION_TEXT, .max = 255,
           .en = "SMTP server for notices, such as smtp://mail.example.org:587 or smtps://mail.example.org:465; absent: no mail is sent.",
           .zh = "发送通知的 SMTP 服务器，例如 smtp://mail.example.org:587 或 smtps://mail.example.org:465；不填则不发邮件。"),
    OPTION(mail, username, OPTION_TEXT, .max = 255,
           .en = "Login at the SMTP server, where it asks for one.",
           .zh = "SMTP 服务器的用户名（需要登录时）。"),
    OPTION(mail, password, OPTION_SECRET, .max = 1024,
           .en = "Password at the SMTP server.",
           .zh = "SMTP 服务器的密码。"),
    OPTION(mail, from, OPTION_TEXT, .max = 255,
           .en = "Sender, such as \"Volunteers <voms@example.org>\"; needed with mail.url.",
           .zh = "发件人，例如 \"志愿者之家 <voms@example.org>\"；填写 mail.url 时必填。"),
    OPTION(mail, tls, OPTION_CHOICE, .fallback = "required", .choices = TLS,
           .en = "required: STARTTLS or smtps with a trusted certificate; none: for a relay on this machine.",
           .zh = "required：必须使用 STARTTLS 或 smtps 且证书可信；none：用于本机转发。"),
    OPTION(log, level, OPTION_CHOICE, .fallback = "info", .choices = LEVELS,
           .en = "Least severity that is logged.",
           .zh = "记录日志的最低级别。"),
    OPTION(log, format, OPTION_CHOICE, .fallback = "text", .choices = FORMATS,
           .en = "text, or json: one object a line.",
           .zh = "text，或 json：每行一个对象。"),
    OPTION(web, root, OPTION_TEXT, .max = 4096,
           .en = "Folder of the built web apps; absent where another server serves them.",
           .zh = "前端构建产物目录；由其他服务器提供前端时不填。"),
    {},
};
/* clang-format on */
