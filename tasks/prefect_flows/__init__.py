"""The executor `prefect`: batches of jobs as flow runs on a work pool of Prefect's, a task for each job (R15).

Theory of operation. A `Feeder` hands out jobs that are due (`engine.runtime.handing`), a batch for each flow run that
it makes; the run's parameters name the batch and its jobs by case and number, nothing else. A `PoolWorker` takes flow
runs from the pool, whoever made them, and runs them in its own process, where the installation is open: a process for
each run would cost seconds. The flow (`Batch`) makes a task of each job that the batch still has. The task takes the
job up, which counts the try, and does it as every executor does (`tasks.serving`): the result goes to the case as a
command, and Prefect learns how it went: the class of an error, the number of an incident. Retries are the row's alone.

The leases of a batch whose flow run is lost lapse, and its jobs are handed out again. A flow run that is cancelled
gives back what it has not begun, and gives up what it has: such a try has failed, and is made again when the row says
so. Whatever Prefect runs twice finds nothing left to take up.

The only package that imports Prefect, which takes more than a second: it is imported when it is used.
"""
