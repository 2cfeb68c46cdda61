/* setting_shape.h - the fields of the settings, for the concept's own files. */
#pragma once

#include "voms/setting/setting.h"

extern const Shape setting_shape;

/* What holds before anybody decided: the texts live as long as the process. */
extern const Settings setting_defaults;

/* Hears of other processes' changes. */
Err *setting_start(Ctx *ctx);

/* Forgets what the thread keeps. */
void setting_leave_thread(void);
