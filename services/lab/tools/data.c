/* `cerberus-lab data`: history in and out of the lab. */
#include "services/lab/data/data.h"
#include "services/lab/tool.h"

const lab_tool lab_tool_data = {"data",
    "import FILE… | list | inspect | download",
    "import, list, inspect and download market history",
    "",
    lab_data_main};
