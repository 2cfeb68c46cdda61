/* worker_scheduler.c - runs the periodic duties. */
#include "app/app.h"
#include "voms/concepts.h"

int main(int argc, char **argv)
{
    return app_main("worker-scheduler", all_concepts, argc, argv);
}
