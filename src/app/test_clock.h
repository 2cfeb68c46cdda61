/* test_clock.h - lets tests of the running server move its clock.
 *
 * Only when the environment has VOMS_TEST_CLOCK: the name of a file that holds milliseconds. At
 * SIGUSR2 the clock is set that far from the system's, and every schedule runs. */
#pragma once

#include "app/services.h"

/* Is the clock to be movable in this process? */
bool test_clock_is_on(void);

/* Sets the clock as the file says and runs the schedules; a file that says nothing is logged. */
void test_clock_apply(Services *services);
