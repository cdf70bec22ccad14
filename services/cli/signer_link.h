/* One question to the signer over its administrators' socket, blocking. */
#ifndef CB_CLI_SIGNER_LINK_H
#define CB_CLI_SIGNER_LINK_H

#include "services/cli/cli.h"
#include "wire/signer_frame.h"

/**
 * Asks and waits, at most 60 s: adding a key asks the venue.
 *
 * @param frame [out] CB_SIGNER_FRAME_MAX bytes that the reply's text stands in.
 * @return a cli_exit; problems are printed.
 */
int cli_ask_signer(cli *self,
    const char *socket_path,
    cb_signer_request *request,
    uint8_t *frame,
    cb_signer_reply *reply);

#endif /* CB_CLI_SIGNER_LINK_H */
