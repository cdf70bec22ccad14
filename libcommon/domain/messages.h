/* The messages of the bus as plain structs (see messages.def for the fields and their units). */
#ifndef CB_MESSAGES_H
#define CB_MESSAGES_H

#include "domain/enums.h"
#include "domain/fields.h"
#include "domain/messages.def"

#define CB_PART_DECLARE(type, name, FIELDS) CB_STRUCT(type, FIELDS);
#define CB_MESSAGE_DECLARE(token, type, name, FIELDS) CB_STRUCT(type, FIELDS);
CB_PART_LIST(CB_PART_DECLARE)
CB_MESSAGE_LIST(CB_MESSAGE_DECLARE)

typedef enum cb_msg_id {
    CB_MSG_NONE,
#define CB_MESSAGE_TOKEN(token, type, name, FIELDS) CB_MSG_##token,
    CB_MESSAGE_LIST(CB_MESSAGE_TOKEN)
#undef CB_MESSAGE_TOKEN
        CB_MSG_COUNT
} cb_msg_id;

/** Largest struct of all messages, in bytes: what a decode buffer must hold. */
#define CB_MSG_SIZE_MAX sizeof(cb_book_delta)

/** Description of a message id; NULL for CB_MSG_NONE or an id out of range. */
const cb_desc *cb_msg_desc(cb_msg_id id);

/** The envelope of any message body (it is the first member of each). */
const cb_envelope *cb_msg_envelope(const void *body);

#endif /* CB_MESSAGES_H */
