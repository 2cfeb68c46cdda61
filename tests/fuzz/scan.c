/* What a phone's camera or a device that was offline sends as a check-in. */
#include "tests/fuzz/fuzz.h"
#include "voms/attendance/attendance_internal.h"

static void fuzz_body(Arena *arena, const Shape *shape, const char *data, size_t size)
{
    void *body = arena_alloc(arena, shape->size_bytes);
    err_ignore(shape_decode_text(arena, (Slice){.data = data, .length = size}, shape, body),
               "only crashes count");
}

FUZZ(scan)
{
    AttendanceCode code = {};
    if (attendance_code_parse(data, &code)) {
        /* One code has one text. */
        BUG_ON(code.shift_id <= 0);
        BUG_ON(strcmp(attendance_code_format(arena, &code), data) != 0);
    }
    fuzz_body(arena, &attendance_scan_shape, data, size);
    fuzz_body(arena, &attendance_kiosk_shape, data, size);
    fuzz_body(arena, &attendance_device_scans_shape, data, size);
}
