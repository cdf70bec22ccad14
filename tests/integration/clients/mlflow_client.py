"""A stock MLflow client logs to a server and reads back what it logged. Usage: mlflow_client.py URL"""
import math
import os
import sys

os.environ["MLFLOW_TRACKING_URI"] = sys.argv[1]
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import mlflow  # noqa: E402


def refused(code, call, *arguments):
    try:
        call(*arguments)
    except mlflow.exceptions.MlflowException as error:
        return error.error_code == code
    return False


client = mlflow.MlflowClient()
mlflow.set_experiment("stock client")
with mlflow.start_run(run_name="outer") as run:
    mlflow.log_params({"model": "xgb", "depth": 3})
    mlflow.log_metric("loss", 0.5, step=1)
    mlflow.log_metric("loss", 0.25, step=2)
    mlflow.log_metrics({"nan": float("nan"), "top": float("inf")})
    mlflow.set_tag("team", "x")
    mlflow.set_tag("gone", "y")
    mlflow.delete_tag("gone")
    mlflow.log_text("hello", "notes/a.txt")
    with mlflow.start_run(run_name="inner", nested=True) as child:
        mlflow.log_metric("loss", 9)
id = run.info.run_id
back = client.get_run(id)
assert back.data.params == {"model": "xgb", "depth": "3"}, back.data.params
assert back.data.metrics["loss"] == 0.25 and back.data.metrics["top"] == math.inf and math.isnan(back.data.metrics["nan"])
assert back.data.tags["team"] == "x" and "gone" not in back.data.tags
assert back.info.status == "FINISHED" and back.info.run_name == "outer"
assert [(m.step, m.value) for m in client.get_metric_history(id, "loss")] == [(1, 0.5), (2, 0.25)]
assert [(f.path, f.file_size) for f in client.list_artifacts(id, "notes")] == [("notes/a.txt", 5)]
assert mlflow.artifacts.load_text(f"runs:/{id}/notes/a.txt") == "hello"
experiment = client.get_experiment_by_name("stock client").experiment_id


def names(text, **more):
    return [found.info.run_name for found in client.search_runs([experiment], text, **more)]


assert names("metrics.loss < 1 and params.model = 'xgb'") == ["outer"]
assert names(f"tags.`mlflow.parentRunId` = '{id}'") == ["inner"]
assert names("", order_by=["metrics.loss DESC"]) == ["inner", "outer"]
assert refused("INVALID_PARAMETER_VALUE", client.log_param, id, "model", "other")
client.delete_run(child.info.run_id)
assert names("") == ["outer"]
client.restore_run(child.info.run_id)
assert len(names("")) == 2
print("mlflow", mlflow.__version__)
