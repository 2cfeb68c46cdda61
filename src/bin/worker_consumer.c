/* worker_consumer.c - handles messages: imports, notices, statistics; any number of them. */
#include "app/app.h"
#include "voms/concepts.h"

int main(int argc, char **argv)
{
    return app_main("worker-consumer", all_concepts, argc, argv);
}
