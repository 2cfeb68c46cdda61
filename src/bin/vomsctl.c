/* vomsctl.c - what an operator does from a terminal. */
#include "operate/command.h"

int main(int argc, char **argv)
{
    return command_main(argc, argv);
}
