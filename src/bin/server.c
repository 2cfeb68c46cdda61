/* server.c - VOMS's server process: HTTP, and everything else where there are no workers. */
#include "app/app.h"
#include "voms/concepts.h"

int main(int argc, char **argv)
{
    return app_main("server", all_concepts, argc, argv);
}
