/* The parts of `cerberus audit` that are about the chain: list, export, key, and verify, which
 * needs no running system. */
#ifndef CLI_AUDIT_CHAIN_H
#define CLI_AUDIT_CHAIN_H

#include "services/cli/cli.h"

int cli_audit_list(cli *self);
/** JSON lines of every record that a signed head vouches for; --all: of every record. */
int cli_audit_export(cli *self);
/** verify FILE --anchors FILE --key FILE [--allow-tail]. */
int cli_audit_verify(cli *self);
/** key --seed FILE: the public key of a seed. */
int cli_audit_key(cli *self);

#endif /* CLI_AUDIT_CHAIN_H */
