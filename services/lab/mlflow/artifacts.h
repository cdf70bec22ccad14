/* Artefacts of runs: files below STORE/mlflow/artifacts, and the files of our own runs. */
#ifndef LAB_MLFLOW_ARTIFACTS_H
#define LAB_MLFLOW_ARTIFACTS_H

#include "services/lab/mlflow/api.h"

#define ARTIFACT_MAX ((size_t)64 << 20)
#define ARTIFACT_PATH_MAX 1024

/** Writes a file whole or not at all; path is "EXPERIMENT/RUN/artifacts/…". {} or NULL. */
json_t *lab_artifacts_put(lab_api *api, const char *path, const char *bytes, size_t size);
/** The content [owned by the caller]; NULL with api filled. */
char *lab_artifacts_get(lab_api *api, const char *path, size_t *size);
/** Files of a folder: {"files": [{path, is_dir, file_size}]}; names only. */
json_t *lab_artifacts_list(lab_api *api, const char *path);

#endif /* LAB_MLFLOW_ARTIFACTS_H */
