/* nats.conf from subjects.def: every service gets what its rows need and nothing of another's. That
 * the server enforces it is shown by the integration tests, which all run with this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "rt/provision.h"

#define CONF_MAX (256 * 1024)

static char conf[CONF_MAX];
static size_t conf_size;

static const char *password(void *context, const char *user)
{
    return strcmp(user, context) == 0 ? NULL : "abc123";
}

static const char *bad_password(void *context, const char *user)
{
    (void)user;
    return context;
}

static cb_status make(const char *without, cb_err *err)
{
    char name[CB_PROVISION_USER_MAX];
    (void)snprintf(name, sizeof(name), "%s", without);
    const cb_nats_conf_options options = {"127.0.0.1", 4222, "/x", password, name};
    return cb_provision_nats_conf(&options, conf, sizeof(conf), &conf_size, err);
}

/* The block of one user, cut out and ended. */
static const char *user_block(const char *user)
{
    static char block[CONF_MAX];
    char begin[64];
    (void)snprintf(begin, sizeof(begin), "{ user: \"%s\"", user);
    const char *at = strstr(conf, begin);
    assert_non_null(at);
    const char *end = strstr(at, "] } } }");
    assert_non_null(end);
    (void)snprintf(block, sizeof(block), "%.*s", (int)(end - at), at);
    return block;
}

static void conf_has_accounts_only(void **state)
{
    (void)state;
    cb_err err;
    assert_int_equal(make("", &err), CB_OK);
    assert_int_equal(conf_size, strlen(conf));
    assert_non_null(strstr(conf, "system_account: SYS"));
    static const char *const FORBIDDEN[] = {"\nauthorization",
        "no_auth_user",
        "websocket",
        "leafnodes",
        "cluster",
        "\ngateway",
        "mqtt",
        "\">\"",
        "http"};
    for (size_t i = 0; i < sizeof(FORBIDDEN) / sizeof(FORBIDDEN[0]); i++) {
        assert_null(strstr(conf, FORBIDDEN[i]));
    }
}

static void conf_gives_each_service_its_rows(void **state)
{
    (void)state;
    cb_err err;
    assert_int_equal(make("", &err), CB_OK);
    const char *risk = user_block("risk");
    assert_non_null(strstr(risk, "\"permit.grant.>\""));
    assert_non_null(strstr(risk, "\"kill.beat.risk\""));
    assert_non_null(strstr(risk, "\"$JS.API.CONSUMER.MSG.NEXT.INTENT.risk\""));
    assert_non_null(strstr(risk, "\"$JS.ACK.INTENT.risk.>\""));
    assert_non_null(strstr(risk, "\"cmd.kill.risk\""));
    assert_non_null(strstr(risk, "\"_INBOX_gateway.ask.>\""));
    assert_non_null(strstr(risk, "\"intent.new.>\"")); /* heard directly beside the stream */
    assert_null(strstr(risk, "\"intent.command.>\""));
    assert_null(strstr(risk, "\"order.event.>\""));
    /* Of streams: look at those it reads, empty those it fills, and make its own consumers anew. */
    assert_non_null(strstr(risk, "\"$JS.API.STREAM.INFO.INTENT\""));
    assert_non_null(strstr(risk, "\"$JS.API.STREAM.PURGE.PERMIT\""));
    assert_non_null(strstr(risk, "\"$JS.API.CONSUMER.DURABLE.CREATE.INTENT.risk\""));
    assert_null(strstr(risk, "STREAM.PURGE.INTENT"));
    assert_null(strstr(risk, "STREAM.CREATE"));
    assert_null(strstr(risk, "STREAM.DELETE"));
    assert_null(strstr(risk, "STREAM.UPDATE"));
    assert_null(strstr(risk, "INTENT.execution"));
    const char *collector = user_block("collector");
    assert_non_null(strstr(collector, "\"md.raw.trade.>\""));
    assert_null(strstr(collector, "md.ok"));
    assert_null(strstr(collector, "$JS"));
    const char *gateway = user_block("gateway");
    assert_non_null(strstr(gateway, "\"cmd.kill.risk\""));
    assert_non_null(strstr(gateway, "\"query.ask.*\""));
    assert_null(strstr(gateway, "\"_INBOX_risk"));
}

static void conf_lets_the_command_line_only_listen(void **state)
{
    (void)state;
    cb_err err;
    assert_int_equal(make("", &err), CB_OK);
    const char *cli = user_block("cli");
    const char *subscribe = strstr(cli, "subscribe:");
    assert_non_null(subscribe);
    assert_non_null(strstr(subscribe, "\"fill.new.>\""));
    assert_null(strstr(subscribe, "cmd.kill"));
    const char *publish = strstr(cli, "publish:");
    assert_non_null(publish);
    const char *only = strstr(publish, "\"_INBOX_cli.>\"");
    assert_non_null(only);
    assert_true(only < subscribe);
    assert_null(memchr(publish, ',', (size_t)(subscribe - publish)));
}

static void conf_refuses_missing_and_odd_passwords(void **state)
{
    (void)state;
    cb_err err;
    assert_int_equal(make("execution", &err), CB_E_CONFIG);
    assert_non_null(strstr(err.text, "execution"));
    static char odd[] = "a\"b";
    const cb_nats_conf_options options = {"127.0.0.1", 4222, "/x", bad_password, odd};
    assert_int_equal(
        cb_provision_nats_conf(&options, conf, sizeof(conf), &conf_size, &err), CB_E_CONFIG);
    assert_null(strstr(err.text, odd));
}

static void conf_says_how_much_room_it_needs(void **state)
{
    (void)state;
    cb_err err;
    static char small[64];
    static char none[] = "";
    const cb_nats_conf_options options = {"127.0.0.1", 4222, "/x", password, none};
    assert_int_equal(
        cb_provision_nats_conf(&options, small, sizeof(small), &conf_size, &err), CB_E_FULL);
}

static void users_are_listed_once(void **state)
{
    (void)state;
    char names[64][CB_PROVISION_USER_MAX];
    size_t count = 0;
    while (cb_provision_user(count, names[count])) {
        for (size_t i = 0; i < count; i++) {
            assert_string_not_equal(names[i], names[count]);
        }
        count++;
        assert_true(count < 64);
    }
    assert_true(count >= 11); /* six services, simulator, gateway, cli, provision, sysadmin */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conf_has_accounts_only),
        cmocka_unit_test(conf_gives_each_service_its_rows),
        cmocka_unit_test(conf_lets_the_command_line_only_listen),
        cmocka_unit_test(conf_refuses_missing_and_odd_passwords),
        cmocka_unit_test(conf_says_how_much_room_it_needs),
        cmocka_unit_test(users_are_listed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
