/* demo.h - the demonstration organisation of `server --demo`. */
#pragma once

#include "app/services.h"

/* The password of every account of the demonstration organisation, which is public by nature.
 * Accounts with it are made only by --demo on an empty database. */
#define DEMO_PASSWORD "Volunteer-2026"

/* A volunteer's account with it. */
#define DEMO_VOLUNTEER "volunteer"

/* Fills an empty database through the concepts' demo hooks; leaves any other alone. Yields. */
YIELDS Err *demo_fill(Services *services);

/* Prints the logins, if this database holds the demonstration organisation. */
void demo_print_logins(const Services *services);
