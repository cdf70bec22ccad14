/* cerberus probe URL: 0 when the URL answers 200, for container health checks without a shell or
 * curl. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/cli.h"

static size_t discard(char *bytes, size_t item_size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return item_size * count;
}

static int run(cli *self)
{
    long status = 0;
    const char *url = cli_positional(self);
    if (url == NULL || strncmp(url, "http://", 7) != 0 || !cli_done_arguments(self)) {
        (void)fprintf(stderr, "cerberus probe: an http:// URL is required\n");
        return CLI_USAGE;
    }
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        return CLI_FAILURE;
    }
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 3000L);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
    const CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK) {
        (void)fprintf(stderr, "cerberus probe: %s\n", curl_easy_strerror(code));
        return code == CURLE_OPERATION_TIMEDOUT ? CLI_TIMEOUT : CLI_FAILURE;
    }
    return status == 200 ? CLI_OK : CLI_FAILURE;
}

const cli_command cli_command_probe = {"probe",
    "URL",
    "0 when an http:// URL answers 200; for health checks",
    "  cerberus probe http://127.0.0.1:8081/readyz\n",
    run};
