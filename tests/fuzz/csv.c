/* Tables as bytes: csv in any encoding, and whatever else begins like one of our formats. */
#include "tests/fuzz/sheet.h"

FUZZ(csv)
{
    read_sheet(arena, data, size);
}
