#include "voms/setting/setting.h"
#include "voms/system/system_health.h"

static const char *const STATUSES[] = {"ok", "degraded", "down", "off"};

/* ---- Health ---- */

static void write_part(Ctx *ctx, JsonWriter *writer, const HealthPart *part)
{
    json_write_key(writer, part->name);
    json_write_begin_object(writer);
    json_put_string(writer, "status", STATUSES[part->status]);
    json_write_key(writer, "latency_ms");
    if (part->latency_us < 0) {
        json_write_null(writer);
    } else {
        json_write_double(writer, (double)part->latency_us / 1000);
    }
    const char *message = part->code == NULL
                              ? NULL
                              : message_format(ctx->arena, ctx->language, part->code, part->param);
    json_put_string(writer, "message", message);
    json_write_end_object(writer);
}

YIELDS static Err *show_health(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    Health health = {};
    system_health_check(ctx, &health);
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_string(&writer, "status", STATUSES[health.status]);
    json_put_string(&writer, "version", VOMS_VERSION);
    json_put_int(&writer, "uptime_seconds", (ctx->now - ctx->services->started_at) / SECOND_MS);
    json_put_time(&writer, "time", ctx->now);
    json_write_key(&writer, "parts");
    json_write_begin_object(&writer);
    for (size_t i = 0; i < health.count; i++) {
        write_part(ctx, &writer, &health.parts[i]);
    }
    json_write_end_object(&writer);
    json_write_end_object(&writer);
    http_set_header(res, "Cache-Control", "no-store");
    return http_reply_json(res, health.status == HEALTH_DOWN ? 503 : 200, str_text(&text));
}

/* ---- Info ---- */

typedef struct SystemInfo {
    const char *organisation_name_zh;
    const char *organisation_name_en;
    const char *version;
    const char *default_language;
    const char *time_zone;
    bool applications_open;
    const char *privacy_policy_version;
} SystemInfo;

static const Field INFO_FIELDS[] = {
    FIELD(SystemInfo, organisation_name_zh, FIELD_TEXT),
    FIELD(SystemInfo, organisation_name_en, FIELD_TEXT),
    FIELD(SystemInfo, version, FIELD_TEXT),
    FIELD(SystemInfo, default_language, FIELD_TEXT),
    FIELD(SystemInfo, time_zone, FIELD_TEXT),
    FIELD(SystemInfo, applications_open, FIELD_BOOL),
    FIELD(SystemInfo, privacy_policy_version, FIELD_TEXT),
    {},
};
static const Shape INFO = SHAPE(SystemInfo, INFO_FIELDS);

YIELDS static Err *show_info(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    SystemInfo info = {
        .organisation_name_zh = settings->organisation_name_zh,
        .organisation_name_en = settings->organisation_name_en,
        .version = VOMS_VERSION,
        .default_language = settings->default_language == LANGUAGE_EN ? "en" : "zh-CN",
        .time_zone = settings->time_zone,
        .applications_open = settings->applications_open,
        .privacy_policy_version = settings->privacy_policy_version,
    };
    return http_reply(res, HTTP_OK, &INFO, &info, NULL);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/public/system/health", show_health, .needs = NEEDS_NOTHING},
    {HTTP_GET, "/api/v1/public/system/info", show_info, .needs = NEEDS_NOTHING, .out = &INFO},
    {},
};

static const MessageText MESSAGES[] = {
    {"health_database_down",
     "数据库没有应答：检查数据库服务和配置中的 database.url，恢复后本程序会自动重连",
     "The database does not answer: check its service and database.url; this program reconnects by "
     "itself"},
    {"health_clock_unknown", "数据库没有应答，无法比较时钟",
     "The database does not answer, so the clocks cannot be compared"},
    {"health_clock_skew", "本机与数据库的时钟相差 {} 秒：检查两台机器的时间同步（NTP）",
     "The clocks of this machine and of the database differ by {} s: check time synchronisation "
     "(NTP) on both"},
    {"health_schema_newer", "数据库结构比本程序新（{}）：这是回滚后的正常情况，请尽快升级",
     "The schema is newer than this program ({}): normal after a rollback; upgrade soon"},
    {"health_redis_away",
     "Redis 不可用（{}）：业务照常，但各进程各自限流和锁定；检查 systemctl status redis、redis-cli "
     "ping 和配置中的 "
     "redis.url，恢复后本程序会自动重连",
     "Redis does not serve ({}): all works, but each process counts attempts by itself; check "
     "systemctl status redis, redis-cli ping and redis.url; this program reconnects by itself"},
    {"health_nats_away",
     "NATS 不可用（{}）：登录和核心业务照常，导入和通知等待、不会丢失；检查 systemctl status "
     "nats、curl "
     "127.0.0.1:8222/healthz 和配置中的 nats.url，恢复后自动继续",
     "NATS does not serve ({}): logins and core business go on, imports and notices wait and lose "
     "nothing; check systemctl status nats, curl 127.0.0.1:8222/healthz and nats.url; it goes on "
     "by "
     "itself"},
    {"health_dead_letters", "有 {} 条消息多次处理失败：在管理界面“后台任务”中查看原因并重试",
     "{} messages failed for good: look at them under “Jobs” in the console and retry"},
    {"health_mail_away",
     "邮件没有发出（{}）：站内通知照常，邮件会自动重发、不会丢失；检查邮件服务器和配置中的 "
     "mail.url",
     "Mail could not be sent ({}): the inboxes have all notices, and the mail is sent later by "
     "itself; check the mail server and mail.url"},
    {"health_schedule_failed", "定时任务 {} 上次运行失败：查看日志中的原因",
     "The schedule {} failed the last time: the log says why"},
    {"health_storage_unusable", "数据目录 {} 不可写：检查磁盘挂载和目录权限",
     "The data folder {} cannot be written: check the mount and the folder's permissions"},
    {"health_disk_full", "数据目录所在磁盘只剩 {}：请清理或扩容",
     "The data folder's disk has only {} left: make room"},
    {},
};

const Concept system_concept = {.name = "system", .routes = ROUTES, .messages = MESSAGES};
