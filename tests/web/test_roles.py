"""Who may do what: every page and every endpoint, asked by everybody.

Each row is a route (and, where one route does several things, which of them); each column is somebody who asks. The
sign says what they get:

    2  shown or done          s  sent to sign in        x  forbidden (403)
    3  done, and led on       4  no token (401)         -  let in, but no such thing, or not now (404, 409, 422)

A route that is not in the table fails `test_every_route_is_in_the_table`: add a row, with what is asked of it in
`SAMPLES`, so that those who may get a 2 or a 3.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.routing import Route

from bootstrap import Caseway, Home
from engine.runtime.clock import VirtualClock
from engine.runtime.outbox import post
from notices.dispatches import Dispatches, listed
from notices.people import Way
from tests.web.conftest import CHEAP, MORNING, PASSWORD, Town
from tests.web.test_api import INTAKE
from web.app import create_app
from web.reach import Reach

DAY_OFF = {"first": "2026-08-05", "title": "outing"}
DAY = {**DAY_OFF, "last": "", "hours": "closed", "own": ""}
PEOPLE = {
    "nobody": "", "left": "qin_shuang", "handler": "lu_yao", "officer": "chen_wei", "finance": "fang_qi",
    "supervisor": "lin_xiaoyan", "elsewhere": "ren_hong", "manager": "zhou_jianguo", "director": "gu_mingyuan",
    "compliance": "yu_siqi", "admin": "dong_lei",
}  # fmt: skip
"""Who asks. The handler starts the claims, and owns them; the officer serves the queue in which they stand; supervisor
and manager lead those who do; finance and the supervisor elsewhere have nothing to do with them; who left has left."""

TABLE = """
                                                            nob lef han off fin sup els man dir com adm
GET /api/openapi.json                                        2   2   2   2   2   2   2   2   2   2   2
GET /sign-in                                                 2   2   3   3   3   3   3   3   3   3   3
POST /sign-in                                                3   3   3   3   3   3   3   3   3   3   3
POST /sign-in/code                                           4   4   4   4   4   4   4   4   4   4   4
POST /sign-out                                               s   s   s   s   s   s   s   s   s   s   s
GET /sign-in/oidc                                            -   -   -   -   -   -   -   -   -   -   -
GET /sign-in/oidc/done                                       -   -   -   -   -   -   -   -   -   -   -
GET /cases/{number}/papers                                   s   s   2   2   x   2   x   x   2   2   2
POST /cases/{number}/papers/upload                           s   s   -   -   x   -   x   x   -   -   -
POST /cases/{number}/papers/{paper}/{action}                 s   s   3   3   x   3   x   x   3   3   3
POST /cases/{number}/clocks/{clock}/extend                   s   s   x   x   x   3   x   x   x   x   x
GET /cases/{number}/documents                                s   s   2   2   x   2   x   x   2   2   2
GET /cases/{number}/documents/{document}                     s   s   2   2   x   2   x   x   2   2   2
GET /cases/{number}/files/{attachment}                       s   s   -   -   x   -   x   x   -   -   -
POST /cases/{number}/files/{attachment}/remove               s   s   -   -   x   -   x   x   -   -   -
POST /cases/{number}/links                                   s   s   3   3   x   3   x   x   3   3   3
POST /cases/{number}/links/{number_of_link}/revoke           s   s   3   3   x   3   x   x   3   3   3
POST /language                                               3   3   3   3   3   3   3   3   3   3   3
GET /account                                                 s   s   2   2   2   2   2   2   2   2   2
POST /account/password                                       s   s   -   -   -   -   -   -   -   -   -
POST /account/zone                                           s   s   3   3   3   3   3   3   3   3   3
POST /account/leave                                          s   s   s   s   s   s   s   s   s   s   s
POST /account/sessions/end                                   s   s   3   3   3   3   3   3   3   3   3
POST /account/tokens                                         s   s   2   2   2   2   2   2   2   2   2
POST /account/tokens/revoke                                  s   s   3   3   3   3   3   3   3   3   3
GET /account/second-factor                                   s   s   2   2   2   2   2   2   2   2   2
POST /account/second-factor/begin                            s   s   3   3   3   3   3   3   3   3   3
POST /account/second-factor/confirm                          s   s   -   -   -   -   -   -   -   -   -
POST /account/second-factor/remove                           s   s   -   -   -   -   -   -   -   -   -
GET /                                                        s   s   2   2   2   2   2   2   2   2   2
POST /                                                       s   s   2   2   2   2   2   2   2   2   2
POST /next                                                   s   s   3   3   3   3   3   3   3   3   3
GET /tasks/{number}/{task}                                   s   s   2   2   x   2   x   x   2   2   2
GET /tasks/{number}/{task}/standing                          s   s   2   2   x   2   x   x   2   2   2
POST /tasks/{number}/{task}/complete                         s   s   3   3   x   3   x   x   x   x   x
POST /tasks/{number}/{task}/draft                            s   s   -   3   x   -   x   -   -   -   -
POST /tasks/{number}/{task}/{action} claim                   s   s   3   3   x   3   x   x   x   x   x
POST /tasks/{number}/{task}/{action} release                 s   s   x   3   x   3   x   3   3   x   3
POST /tasks/{number}/{task}/{action} transfer                s   s   x   3   x   3   x   3   3   x   3
POST /tasks/{number}/{task}/{action} priority                s   s   x   x   x   3   x   x   x   x   3
POST /cases/{number}/comment                                 s   s   3   3   x   3   x   x   3   3   3
POST /cases/{number}/watch                                   s   s   3   3   x   3   x   x   3   3   3
POST /cases/{number}/unwatch                                 s   s   -   -   x   -   x   x   -   -   -
POST /tasks/{number}/{task}/comment                          s   s   3   3   x   3   x   x   3   3   3
GET /tasks                                                   s   s   2   2   2   2   2   2   2   2   2
POST /cases/{number}/secrets                                 s   s   x   x   x   x   x   x   x   x   x
GET /cases/{number}/glass                                    s   s   2   2   2   2   2   2   2   2   2
POST /cases/{number}/glass                                   s   s   3   3   3   3   3   3   3   3   3
POST /cases/{number}/restrict                                s   s   x   x   x   3   x   x   3   3   x
POST /cases/{number}/lift                                    s   s   x   x   x   x   x   x   3   3   x
GET /reading                                                 s   s   x   x   x   x   x   x   x   2   x
GET /reading glass                                           s   s   x   x   x   x   x   x   x   2   x
GET /reading looks                                           s   s   x   x   x   x   x   x   x   2   x
POST /reading/glass/{id}                                     s   s   x   x   x   x   x   x   x   3   x
GET /cases                                                   s   s   2   2   2   2   2   2   2   2   2
GET /cases/{number}                                          s   s   2   2   2   2   2   2   2   2   2
GET /cases/{number}/picture.svg                              s   s   2   2   x   2   x   x   2   2   2
POST /cases/{number}/incidents/{incident}/retry              s   s   x   x   x   -   x   x   -   -   -
GET /cases/{number}/comments                                 s   s   2   2   x   2   x   x   2   2   2
GET /cases/{number}/correct                                  s   s   2   2   x   2   x   x   2   2   2
POST /cases/{number}/correct                                 s   s   x   x   x   -   x   x   -   -   -
GET /cases/{number}/merge                                    s   s   x   x   x   2   x   x   2   2   2
POST /cases/{number}/merge                                   s   s   x   x   x   -   x   x   -   -   -
GET /cases/{number}/move                                     s   s   2   2   x   2   x   x   2   2   2
POST /cases/{number}/move                                    s   s   x   x   x   -   x   x   -   -   -
POST /cases/{number}/{action} suspend                        s   s   x   x   x   3   x   x   3   3   3
POST /cases/{number}/{action} resume                         s   s   x   x   x   3   x   x   3   3   3
POST /cases/{number}/{action} cancel                         s   s   x   x   x   3   x   x   3   3   3
POST /cases/{number}/{action} owner                          s   s   x   x   x   3   x   x   3   3   3
POST /cases/{number}/{action} begin                          s   s   x   x   x   -   x   x   -   -   -
POST /cases/{number}/{action} finish                         s   s   x   x   x   -   x   x   -   -   -
GET /floor                                                   s   s   x   x   x   2   2   2   2   2   2
GET /floor/breaches                                          s   s   x   x   x   2   2   2   2   2   2
GET /floor/likely                                            s   s   x   x   x   2   2   2   2   2   2
POST /floor/breaches/{number}/{clock}                        s   s   x   x   x   3   x   x   3   3   x
GET /reports                                                 s   s   x   x   x   3   3   3   3   3   3
GET /reports/figures                                         s   s   x   x   x   2   2   2   2   2   2
GET /reports/{name}                                          s   s   x   x   x   2   2   2   2   2   2
GET /reports/{name}/file                                     s   s   x   x   x   2   2   2   2   2   2
GET /floor/tasks                                             s   s   x   x   x   2   x   2   2   2   2
POST /floor/tasks                                            s   s   x   x   x   2   x   2   2   2   2
GET /start                                                   s   s   2   2   2   2   2   2   2   2   2
GET /start/{name}                                            s   s   2   2   2   2   2   2   2   2   2
POST /start/{name}                                           s   s   2   2   2   2   2   2   2   2   2
GET /processes                                               s   s   x   x   x   2   2   2   2   2   2
POST /processes/upload                                       s   s   x   x   x   x   x   x   3   3   3
GET /processes/edit                                          s   s   x   x   x   x   x   x   2   2   2
POST /processes/edit                                         s   s   x   x   x   x   x   x   2   2   2
GET /processes/proposals/{id}                                s   s   x   x   x   2   2   2   2   2   2
POST /processes/proposals/{id}/approve                       s   s   x   x   x   x   x   x   -   3   3
POST /processes/proposals/{id}/reject                        s   s   x   x   x   x   x   x   3   3   3
GET /processes/migrations/{name}                             s   s   x   x   x   2   2   2   2   2   2
POST /processes/migrations/{name}                            s   s   x   x   x   x   x   x   2   2   2
GET /processes/migrations/{name}/{id}                        s   s   x   x   x   2   2   2   2   2   2
POST /processes/migrations/{name}/{id}/{action}              s   s   x   x   x   x   x   x   3   3   3
GET /processes/try/{name}/{origin}                           s   s   x   x   x   x   x   x   2   2   2
POST /processes/try/{name}/{origin}                          s   s   x   x   x   x   x   x   2   2   2
GET /processes/try/{name}/{origin}/picture.svg               s   s   x   x   x   x   x   x   2   2   2
GET /processes/{kind}/{name}                                 s   s   x   x   x   2   2   2   2   2   2
GET /processes/{kind}/{name}/{version}                       s   s   x   x   x   2   2   2   2   2   2
GET /processes/{kind}/{name}/{version}/compare/{other}       s   s   x   x   x   2   2   2   2   2   2
GET /processes/process/{name}/{version}/picture.svg          s   s   x   x   x   2   2   2   2   2   2
GET /admin                                                   s   s   x   x   x   2   2   2   2   2   2
POST /admin/accounts/{user}/{action}                         s   s   x   x   x   x   x   x   x   x   3
GET /admin/tokens                                            s   s   x   x   x   x   x   x   x   x   2
POST /admin/tokens/revoke                                    s   s   x   x   x   x   x   x   x   x   -
GET /admin/webhooks                                          s   s   x   x   x   x   x   x   x   x   2
POST /admin/webhooks                                         s   s   x   x   x   x   x   x   x   x   2
GET /admin/webhooks/{webhook}                                s   s   x   x   x   x   x   x   x   x   2
POST /admin/webhooks/{webhook}/ping                          s   s   x   x   x   x   x   x   x   x   3
POST /admin/webhooks/{webhook}/secret                        s   s   x   x   x   x   x   x   x   x   2
POST /admin/webhooks/{webhook}/stop                          s   s   x   x   x   x   x   x   x   x   3
POST /admin/webhooks/{webhook}/calls/{call}/retry            s   s   x   x   x   x   x   x   x   x   3
GET /admin/notices                                           s   s   x   x   x   x   x   x   x   x   2
POST /admin/notices                                          s   s   x   x   x   x   x   x   x   x   3
GET /admin/retention                                         s   s   x   x   x   x   x   x   x   x   2
POST /account/notices                                        s   s   3   3   3   3   3   3   3   3   3
GET /admin/calendars                                         s   s   x   x   x   3   3   3   3   3   3
GET /admin/calendars/{name}/{year}                           s   s   x   x   x   2   2   2   2   2   2
POST /admin/calendars/{name}/{year}/days                     s   s   x   x   x   x   x   x   2   2   2
POST /admin/calendars/{name}/{year}/recount                  s   s   x   x   x   3   3   3   3   3   3
GET /admin/incidents                                         s   s   x   x   x   2   2   2   2   2   2
POST /admin/incidents                                        s   s   x   x   x   -   -   -   -   -   -
GET /admin/people                                            s   s   x   x   x   x   x   x   x   x   2
POST /admin/people                                           s   s   x   x   x   x   x   x   x   x   -
GET /admin/people/{user}                                     s   s   x   x   x   x   x   x   x   x   2
POST /admin/people/{user}                                    s   s   x   x   x   x   x   x   x   x   -
POST /admin/people/{user}/leave                              s   s   x   x   x   x   x   x   x   x   -
GET /admin/queues                                            s   s   x   x   x   x   x   x   x   x   2
POST /admin/queues/{queue}                                   s   s   x   x   x   x   x   x   x   x   -
GET /admin/groups                                            s   s   x   x   x   x   x   x   x   x   2
POST /admin/groups                                           s   s   x   x   x   x   x   x   x   x   -
POST /admin/groups/{group}                                   s   s   x   x   x   x   x   x   x   x   -
GET /admin/authority                                         s   s   x   x   x   x   x   x   x   x   2
POST /admin/authority                                        s   s   x   x   x   x   x   x   x   x   -
POST /admin/authority/end                                    s   s   x   x   x   x   x   x   x   x   -
GET /admin/absences                                          s   s   x   x   x   2   2   2   2   2   2
POST /admin/absences                                         s   s   x   x   x   x   x   x   -   -   -
POST /admin/absences/end                                     s   s   x   x   x   x   x   x   -   -   -
POST /account/absences                                       s   s   -   -   -   -   -   -   -   -   -
POST /account/absences/end                                   s   s   x   x   x   x   x   x   -   -   -
GET /absences/{key}                                          s   s   x   2   x   x   x   2   2   2   2
POST /absences/{key}                                         s   s   x   3   x   x   x   3   3   3   3
GET /admin/changes                                           s   s   x   x   x   2   2   2   2   2   2
POST /admin/changes/{id}/{decision}                          s   s   x   x   x   -   -   -   -   -   -
GET /admin/file                                              s   s   x   x   x   x   x   x   x   x   2
GET /admin/file/organisation.yaml                            s   s   x   x   x   x   x   x   x   x   2
POST /admin/file                                             s   s   x   x   x   x   x   x   x   x   -
GET /health/live                                             2   2   2   2   2   2   2   2   2   2   2
GET /health/ready                                            2   2   2   2   2   2   2   2   2   2   2
GET /live                                                    4   4   -   -   -   -   -   -   -   -   -
GET /live floor                                              4   4   -   -   -   -   -   -   -   -   -
GET /c/{token}                                               2   2   2   2   2   2   2   2   2   2   2
GET /c/{token}/documents/{document}                          2   2   2   2   2   2   2   2   2   2   2
POST /c/{token}                                              -   -   -   -   -   -   -   -   -   -   -
POST /api/cases/{number}/secrets                             4   4   x   x   x   x   x   x   x   x   x
POST /api/cases/{number}/glass                               4   4   2   2   2   2   2   2   2   2   2
POST /api/cases/{number}/restrict                            4   4   x   x   x   2   x   x   2   2   x
POST /api/cases/{number}/lift                                4   4   x   x   x   x   x   x   2   2   x
GET /api/reading/waiting                                     4   4   x   x   x   x   x   x   x   2   x
GET /api/reading/glass                                       4   4   x   x   x   x   x   x   x   2   x
POST /api/reading/glass/{id}                                 4   4   x   x   x   x   x   x   x   2   x
GET /api/reading/looks                                       4   4   x   x   x   x   x   x   x   2   x
GET /api/tasks                                               4   4   2   2   2   2   2   2   2   2   2
GET /api/cases/{number}/papers                               4   4   2   2   x   2   x   x   2   2   2
GET /api/cases/{number}/documents                            4   4   2   2   x   2   x   x   2   2   2
GET /api/cases/{number}/documents/{document}                 4   4   2   2   x   2   x   x   2   2   2
GET /api/cases/{number}/papers/letter                        4   4   2   2   x   2   x   x   2   2   2
POST /api/cases/{number}/papers/{paper}/{action}             4   4   2   2   x   2   x   x   2   2   2
POST /api/cases/{number}/attachments                         4   4   -   -   x   -   x   x   -   -   -
GET /api/cases/{number}/attachments/{attachment}             4   4   -   -   x   -   x   x   -   -   -
POST /api/cases/{number}/attachments/{attachment}/remove     4   4   -   -   x   -   x   x   -   -   -
POST /api/cases/{number}/links                               4   4   2   2   x   2   x   x   2   2   2
POST /api/cases/{number}/links/{number_of_link}/revoke       4   4   2   2   x   2   x   x   2   2   2
GET /api/me/tokens                                           4   4   2   2   2   2   2   2   2   2   2
POST /api/me/tokens                                          4   4   2   2   2   2   2   2   2   2   2
DELETE /api/me/tokens/{digest}                               4   4   -   -   -   -   -   -   -   -   -
POST /api/me/password                                        4   4   -   -   -   -   -   -   -   -   -
GET /api/me/second-factor                                    4   4   2   2   2   2   2   2   2   2   2
POST /api/me/second-factor/begin                             4   4   2   2   2   2   2   2   2   2   2
POST /api/me/second-factor/confirm                           4   4   -   -   -   -   -   -   -   -   -
POST /api/me/second-factor/remove                            4   4   -   -   -   -   -   -   -   -   -
GET /api/me/sessions                                         4   4   2   2   2   2   2   2   2   2   2
DELETE /api/me/sessions                                      4   4   2   2   2   2   2   2   2   2   2
DELETE /api/me/sessions/{id}                                 4   4   -   -   -   -   -   -   -   -   -
GET /api/me                                                  4   4   2   2   2   2   2   2   2   2   2
GET /api/inbox                                               4   4   2   2   2   2   2   2   2   2   2
POST /api/next                                               4   4   2   2   2   2   2   2   2   2   2
GET /api/tasks/{number}/{task}                               4   4   2   2   x   2   x   x   2   2   2
GET /api/tasks/{number}/{task}/receivers                     4   4   2   2   x   2   x   x   2   2   2
POST /api/tasks/{number}/{task}/{action} claim               4   4   2   2   x   2   x   x   x   x   x
POST /api/tasks/{number}/{task}/{action} complete            4   4   2   2   x   2   x   x   x   x   x
POST /api/tasks/{number}/{task}/{action} release             4   4   x   2   x   2   x   2   2   x   2
POST /api/tasks/{number}/{task}/{action} transfer            4   4   x   2   x   2   x   2   2   x   2
POST /api/tasks/{number}/{task}/{action} priority            4   4   x   x   x   2   x   x   x   x   2
GET /api/cases/{number}/comments                             4   4   2   2   x   2   x   x   2   2   2
POST /api/cases/{number}/comments                            4   4   2   2   x   2   x   x   2   2   2
POST /api/tasks/{number}/{task}/comments                     4   4   2   2   x   2   x   x   2   2   2
GET /api/cases/{number}/watchers                             4   4   2   2   x   2   x   x   2   2   2
POST /api/cases/{number}/watch                               4   4   2   2   x   2   x   x   2   2   2
POST /api/cases/{number}/unwatch                             4   4   -   -   x   -   x   x   -   -   -
GET /api/cases                                               4   4   2   2   2   2   2   2   2   2   2
POST /api/cases                                              4   4   2   2   2   2   2   2   2   2   2
GET /api/cases/{number}                                      4   4   2   2   2   2   2   2   2   2   2
GET /api/cases/{number}/tasks/{task}/actions                 4   4   2   2   x   2   x   x   2   2   2
GET /api/floor                                               4   4   x   x   x   2   2   2   2   2   2
GET /api/reports/figures                                     4   4   x   x   x   2   2   2   2   2   2
GET /api/reports/{name}                                      4   4   x   x   x   2   2   2   2   2   2
GET /api/floor/tasks                                         4   4   x   x   x   2   x   2   2   2   2
GET /api/floor/breaches                                      4   4   x   x   x   2   2   2   2   2   2
GET /api/floor/likely                                        4   4   x   x   x   2   2   2   2   2   2
POST /api/cases/{number}/clocks/{clock}/acknowledge          4   4   x   x   x   2   x   x   2   2   x
POST /api/cases/{number}/clocks/{clock}/extend               4   4   x   x   x   2   x   x   x   x   x
POST /api/messages                                           4   4   2   2   2   2   2   2   2   2   2
POST /api/bulk                                               4   4   2   2   2   2   2   2   2   2   2
GET /api/webhooks                                            4   4   x   x   x   x   x   x   x   x   2
POST /api/webhooks                                           4   4   x   x   x   x   x   x   x   x   2
GET /api/webhooks/{webhook}                                  4   4   x   x   x   x   x   x   x   x   2
DELETE /api/webhooks/{webhook}                               4   4   x   x   x   x   x   x   x   x   2
POST /api/webhooks/{webhook}/secret                          4   4   x   x   x   x   x   x   x   x   2
POST /api/webhooks/{webhook}/ping                            4   4   x   x   x   x   x   x   x   x   2
GET /api/webhooks/{webhook}/calls                            4   4   x   x   x   x   x   x   x   x   2
POST /api/webhooks/{webhook}/calls/{call}/retry              4   4   x   x   x   x   x   x   x   x   2
GET /api/admin/notices                                       4   4   x   x   x   x   x   x   x   x   2
POST /api/admin/notices/{dispatch}/retry                     4   4   x   x   x   x   x   x   x   x   2
GET /api/admin/retention                                     4   4   x   x   x   x   x   x   x   x   2
GET /api/me/notices                                          4   4   2   2   2   2   2   2   2   2   2
PUT /api/me/notices                                          4   4   2   2   2   2   2   2   2   2   2
GET /api/start                                               4   4   2   2   2   2   2   2   2   2   2
GET /api/versions/{name}/figures                             4   4   x   x   x   2   2   2   2   2   2
GET /api/versions/{name}/{version}/differences/{other}       4   4   x   x   x   2   2   2   2   2   2
POST /api/migrations/dry-run                                 4   4   x   x   x   x   x   x   2   2   2
POST /api/migrations                                         4   4   x   x   x   x   x   x   2   2   2
GET /api/migrations/{id}                                     4   4   x   x   x   2   2   2   2   2   2
POST /api/migrations/{id}/{action}                           4   4   x   x   x   x   x   x   2   2   2
GET /api/processes                                           4   4   x   x   x   2   2   2   2   2   2
GET /api/processes/{kind}/{name}                             4   4   x   x   x   2   2   2   2   2   2
GET /api/processes/{kind}/{name}/{version}                   4   4   x   x   x   2   2   2   2   2   2
GET /api/processes/{kind}/{name}/{version}/compare/{other}   4   4   x   x   x   2   2   2   2   2   2
GET /api/proposals                                           4   4   x   x   x   2   2   2   2   2   2
POST /api/proposals                                          4   4   x   x   x   x   x   x   2   2   2
GET /api/proposals/{id}                                      4   4   x   x   x   2   2   2   2   2   2
POST /api/proposals/{id}/{decision} approve                  4   4   x   x   x   x   x   x   -   2   2
POST /api/proposals/{id}/{decision} reject                   4   4   x   x   x   x   x   x   2   2   2
GET /api/cases/{number}/related                              4   4   2   2   x   2   x   x   2   2   2
GET /api/cases/{number}/places                               4   4   2   2   x   2   x   x   2   2   2
POST /api/cases/{number}/move/preview                        4   4   -   -   x   -   x   x   -   -   -
POST /api/cases/{number}/merge/preview                       4   4   -   -   x   -   x   x   -   -   -
POST /api/cases/{number}/reopen/preview                      4   4   -   -   x   -   x   x   -   -   -
POST /api/alike                                              4   4   2   2   2   2   2   2   2   2   2
POST /api/cases/{number}/{action} suspend                    4   4   x   x   x   2   x   x   2   2   2
POST /api/cases/{number}/{action} resume                     4   4   x   x   x   2   x   x   2   2   2
POST /api/cases/{number}/{action} cancel                     4   4   x   x   x   2   x   x   2   2   2
POST /api/cases/{number}/{action} owner                      4   4   x   x   x   2   x   x   2   2   2
POST /api/cases/{number}/{action} begin                      4   4   x   x   x   -   x   x   -   -   -
POST /api/cases/{number}/{action} finish                     4   4   x   x   x   -   x   x   -   -   -
GET /api/admin/organisation                                  4   4   x   x   x   x   x   x   x   x   2
PUT /api/admin/organisation                                  4   4   x   x   x   x   x   x   x   x   -
GET /api/admin/people                                        4   4   x   x   x   x   x   x   x   x   2
PUT /api/admin/people/{user}                                 4   4   x   x   x   x   x   x   x   x   2
POST /api/admin/people/{user}/leave                          4   4   x   x   x   x   x   x   x   x   -
PUT /api/admin/groups/{group}                                4   4   x   x   x   x   x   x   x   x   2
PUT /api/admin/queues/{queue}                                4   4   x   x   x   x   x   x   x   x   2
GET /api/admin/grants                                        4   4   x   x   x   x   x   x   x   x   2
POST /api/admin/grants                                       4   4   x   x   x   x   x   x   x   x   -
POST /api/admin/grants/{key}/end                             4   4   x   x   x   x   x   x   x   x   -
GET /api/admin/absences                                      4   4   x   x   x   2   2   2   2   2   2
POST /api/admin/absences                                     4   4   x   x   x   x   x   2   2   2   2
POST /api/admin/absences/{key}/end                           4   4   x   x   x   x   x   x   -   -   -
GET /api/admin/absences/{key}/tasks                          4   4   x   2   x   x   x   2   2   2   2
POST /api/admin/absences/{key}/move                          4   4   x   2   x   x   x   2   2   2   2
GET /api/admin/changes                                       4   4   x   x   x   2   2   2   2   2   2
POST /api/admin/changes/{id}/{decision}                      4   4   x   x   x   -   -   -   -   -   -
GET /api/admin/accounts/locked                               4   4   x   x   x   x   x   x   x   x   2
POST /api/admin/accounts/{user}/{action}                     4   4   x   x   x   x   x   x   x   x   2
GET /api/admin/tokens                                        4   4   x   x   x   x   x   x   x   x   2
POST /api/admin/tokens/{user}/{digest}/revoke                4   4   x   x   x   x   x   x   x   x   -
GET /api/admin/calendars/{name}                              4   4   x   x   x   2   2   2   2   2   2
GET /api/admin/calendars/{name}/{year}                       4   4   x   x   x   2   2   2   2   2   2
POST /api/admin/calendars/{name}/preview                     4   4   x   x   x   x   x   x   2   2   2
POST /api/admin/calendars/{name}/days                        4   4   x   x   x   x   x   x   2   2   2
POST /api/admin/calendars/{name}/recount                     4   4   x   x   x   2   2   2   2   2   2
GET /api/admin/incidents                                     4   4   x   x   x   2   2   2   2   2   2
GET /api/admin/jobs/failing                                  4   4   x   x   x   2   2   2   2   2   2
"""


# --- what is asked ----------------------------------------------------------------------------------


@dataclass
class World:
    """The installation in which everybody asks, and what they ask about."""

    town: Town
    ask_server: Callable[..., httpx.Response]
    forms: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)  # what nobody has touched yet, by what stands for it
    count: int = 0
    last: str = ""
    path: str = ""

    def case(self, **more: Any) -> str:
        """The number of a claim that nobody has touched."""
        self.count += 1
        return self.town.claim(policy_number=f"PM2026{self.count:06}", **more)

    def task(self) -> str:
        number = self.case()
        return f"{number}/{self.town.task_of(number)}"

    def listed(self) -> str:
        """The same as some endpoints have it: `number/tasks/task`."""
        return self.task().replace("/", "/tasks/")

    def late(self) -> str:
        """A claim whose clock `review_24h` is late: it was reported a week ago."""
        return self.case(reported_at="2026-02-24T09:30:00+08:00")

    def suspended(self) -> str:
        number = self.case()
        self.done("director", f"/api/cases/{number}/suspend", WHY)
        return number

    def taken(self) -> str:
        """A task that the officer holds."""
        task = self.task()
        self.done("officer", f"/api/tasks/{task}/claim")
        return task

    def away(self) -> str:
        """The officer's absence."""
        listed = self.ask("admin", "GET", "/api/admin/absences").json()["absences"]
        found = [one for one in listed if one["user"] == PEOPLE["officer"]]
        if not found:
            given = {"user": PEOPLE["officer"], "from": "2026-04-01", "to": "2026-04-02"}
            return str(self.done("admin", "/api/admin/absences", given)["key"])
        return str(found[0]["key"])

    def document(self) -> str:
        """The first letter of the case that `{case}` names."""
        number = self.kept.setdefault("{case}", self.case())
        return str(self.ask("director", "GET", f"/api/cases/{number}/documents").json()["documents"][0]["document"])

    def linked(self) -> str:
        """A customer's link of a case, as its path has it: `number/links/1`."""
        number = self.case()
        self.done("director", f"/api/cases/{number}/links")
        (made,) = self.ask("director", "GET", f"/api/cases/{number}/papers").json()["links"]
        self.path = str(made["path"])
        return f"{number}/links/{made['link']}"

    def link(self) -> str:
        """The customer's side of it."""
        self.linked()
        return self.path

    def restricted(self) -> str:
        number = self.case()
        self.done("compliance", f"/api/cases/{number}/restrict", {**WHY, "readers": []})
        return number

    def glass(self) -> str:
        """Glass that somebody has broken."""
        return str(
            self.done("finance", f"/api/cases/{self.case()}/glass", {"reason": "the customer is on the phone"})["id"]
        )

    def hook(self) -> str:
        """A webhook; the one before is stopped, for there may be only so many."""
        if self.last:
            self.town.caseway.runner.write(lambda c: c.run("DELETE FROM webhooks WHERE id = ?", (self.last,)))
        self.last = str(self.done("admin", "/api/webhooks", HOOK)["id"])
        return self.last

    def call(self) -> str:
        hook = self.hook()
        return f"{hook}/calls/{self.done('admin', f'/api/webhooks/{hook}/ping')['call']}"

    def dead(self) -> str:
        """A notice for somebody who cannot be reached."""
        found, now = Dispatches(self.town.caseway.runner), self.town.clock.now()
        self.town.caseway.runner.write(lambda c: post(c, ["user.chen_wei"], "account_locked", {}, now))
        for notice in found.outbox.take(now, 500):
            found.spread(notice, "", False, [Way("user.chen_wei", "", now)], now)
        return listed(self.town.caseway.connection, "dead", limit=1)[0].id

    def proposal(self) -> str:
        """One of the director's."""
        self.count += 1
        return str(self.done("director", "/api/proposals", files(self))["id"])

    def migration(self) -> str:
        """One of the director's."""
        return str(self.done("director", "/api/migrations", MOVE)["id"])

    def version(self) -> str:
        return str(self.town.caseway.definitions.process("claims").version)  # type: ignore[union-attr]  # it is there

    def done(self, who: str, path: str, body: Any = None) -> dict[str, Any]:
        """The answer to a program of somebody who may."""
        answer = self.ask(who, "POST", path, json=body)
        assert answer.is_success, (path, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def ask(self, who: str, method: str, path: str, **sent: Any) -> httpx.Response:
        """Asks for a page with the session of somebody, or of an endpoint with their token."""
        if path.startswith("/api"):
            token = self.tokens.get(who)
            return self.ask_server(method, path, headers={"authorization": f"Bearer {token}"} if token else {}, **sent)
        cookie = self.cookie(who)
        if method == "POST":
            sent["data"] = {"csrf": self.forms[who], **sent.get("data", {})}
        return self.ask_server(method, path, headers={"cookie": f"caseway={cookie}"}, **sent)

    def cookie(self, who: str) -> str:
        """A session as signing in now would make it; for who has left, as if they had signed in before."""
        sessions, connection = self.town.app.state.sessions, self.town.caseway.connection
        row = connection.one('SELECT generation FROM accounts WHERE "user" = ?', (PEOPLE[who],))
        session = sessions.begin(MORNING, PEOPLE[who])
        self.town.app.state.accounts.sessions.open(session, row[0] if row else 0)
        self.forms[who] = sessions.token(session)
        return str(sessions.write(session))


Make = Callable[[World], Any]
WHY = {"reason": "a test"}
MOVE = {"text": "migration: claims\nto: in_force\nreason: a test\n"}
HOOK = {"url": "http://127.0.0.1:9/", "events": ["case.started"]}
CLAIM: dict[str, Any] = {
    "channel": "phone", "reported_at": "2026-03-03T09:30:00+08:00", "policy_number": "PM2026000001",
    "customer_name": "王小明", "customer_phone": "13800000000", "event": "collision", "loss_date": "2026-03-02",
    "description": "追尾", "claimed_amount": 8000,
}  # fmt: skip


def files(world: World) -> dict[str, Any]:
    """A notice that reads otherwise each time."""
    text = (world.town.caseway.home.processes / NOTICE).read_text(encoding="utf-8")
    return {"reason": "a test", "files": {NOTICE: f"{text}# {world.count}\n"}}


NOTICE = "notices/clock_near.yaml"


def several(action: str) -> Make:
    def made(world: World) -> dict[str, Any]:
        number, task = world.task().split("/")
        return {"action": action, "items": [{"number": number, "item": int(task)}]}

    return made


def marked(world: World) -> dict[str, Any]:
    return {"action": "comment", "reason": "a test", "text": "a test", "task": world.task()}


MADE: Mapping[str, Make] = {
    "{case}": World.case, "{task}": World.task, "{listed}": World.listed, "{late}": World.late,
    "{taken}": World.taken, "{suspended}": World.suspended, "{restricted}": World.restricted, "{glass}": World.glass,
    "{link}": World.link, "{linked}": World.linked, "{document}": World.document,
    "{hook}": World.hook, "{call}": World.call, "{dead}": World.dead,
    "{proposal}": World.proposal, "{version}": World.version, "{away}": World.away, "{migration}": World.migration,
}  # fmt: skip
"""What stands for something fresh in a path."""

FORM = {"data": WHY}
TO = {"user": "wang_fang", **WHY}
JUST = {"verdict": "justified", "note": "heard it"}
DONE = {
    "outcome": "accept", "revision": "1",
    **{f"data.{name}": "false" if value is False else value for name, value in INTAKE.items()},
}  # fmt: skip
SAMPLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "POST /sign-in": ("/sign-in", {"data": {"user": "chen_wei", "password": PASSWORD}}),
    "POST /language": ("/language", {"data": {"language": "en"}}),
    "POST /account/password": ("/account/password", {"data": {"old": "wrong", "new": "x", "again": "x"}}),
    "POST /account/leave": ("/account/leave", {}),
    "POST /account/zone": ("/account/zone", {"data": {"zone": "Europe/Berlin"}}),
    "POST /account/tokens": ("/account/tokens", {"data": {"title": "a test"}}),
    "POST /account/tokens/revoke": ("/account/tokens/revoke", {"data": {"digest": "none"}}),
    "POST /api/admin/notices/{dispatch}/retry": ("/api/admin/notices/{dead}/retry", {}),
    "PUT /api/me/notices": ("/api/me/notices", {"json": {"hours": "any"}}),
    "POST /api/me/password": ("/api/me/password", {"json": {"old": "wrong", "new": "x"}}),
    "POST /api/me/second-factor/confirm": ("/api/me/second-factor/confirm", {"json": {"code": "000000"}}),
    "POST /api/me/second-factor/remove": ("/api/me/second-factor/remove", {"json": {"code": "000000"}}),
    "POST /": ("/", {"data": marked}),
    "POST /tasks/{number}/{task}/complete": ("/tasks/{task}/complete", {"data": DONE}),
    "POST /tasks/{number}/{task}/draft": ("/tasks/{taken}/draft", {"data": {}}),
    "POST /tasks/{number}/{task}/{action} claim": ("/tasks/{task}/claim", {}),
    "POST /tasks/{number}/{task}/{action} release": ("/tasks/{taken}/release", FORM),
    "POST /tasks/{number}/{task}/{action} transfer": ("/tasks/{taken}/transfer", {"data": TO}),
    "POST /tasks/{number}/{task}/{action} priority": ("/tasks/{task}/priority", {"data": {"priority": "70", **WHY}}),
    "POST /cases/{number}/comment": ("/cases/{case}/comment", {"data": {"text": "a word"}}),
    "POST /tasks/{number}/{task}/comment": ("/tasks/{task}/comment", {"data": {"text": "a word"}}),
    "POST /cases/{number}/secrets": ("/cases/{case}/secrets", FORM),
    "POST /cases/{number}/glass": ("/cases/{case}/glass", {"data": {"reason": "the customer is on the phone"}}),
    "POST /cases/{number}/restrict": ("/cases/{case}/restrict", FORM),
    "POST /cases/{number}/lift": ("/cases/{restricted}/lift", FORM),
    "GET /reading glass": ("/reading?show=glass", {}),
    "GET /reading looks": ("/reading?show=looks", {}),
    "POST /reading/glass/{id}": ("/reading/glass/{glass}", {"data": JUST}),
    "POST /cases/{number}/incidents/{incident}/retry": ("/cases/{case}/incidents/99/retry", {}),
    "POST /cases/{number}/{action} suspend": ("/cases/{case}/suspend", FORM),
    "POST /cases/{number}/{action} resume": ("/cases/{suspended}/resume", FORM),
    "POST /cases/{number}/{action} cancel": ("/cases/{case}/cancel", FORM),
    "POST /cases/{number}/{action} begin": ("/cases/{case}/begin", {"data": {"token": "1", "step": "x"}}),
    "POST /cases/{number}/{action} finish": ("/cases/{case}/finish", {"data": {"token": "1"}}),
    "POST /cases/{number}/{action} owner": ("/cases/{case}/owner", {"data": {"user": "jin_tao", **WHY}}),
    "POST /floor/breaches/{number}/{clock}": ("/floor/breaches/{late}/review_24h", {"data": {"reason": "staff"}}),
    "GET /reports/{name}": ("/reports/compliance?by=person", {}),
    "GET /reports/{name}/file": ("/reports/breaches/file?format=xlsx", {}),
    "GET /floor/tasks": ("/floor/tasks?queue=intake", {}),
    "POST /floor/tasks": ("/floor/tasks?queue=intake", {"data": marked}),
    "GET /start/{name}": ("/start/claims", {}),
    "POST /start/{name}": ("/start/claims", {"data": {f"data.{name}": value for name, value in CLAIM.items()}}),
    "POST /processes/upload": (
        "/processes/upload", {"data": lambda world: {**WHY, "path": NOTICE, "text": files(world)["files"][NOTICE]}},
    ),
    "GET /processes/edit": (f"/processes/edit?path={NOTICE}", {}),
    "POST /processes/edit": ("/processes/edit", {"data": {"path": NOTICE, "text": "x: 1"}}),
    "GET /processes/proposals/{id}": ("/processes/proposals/{proposal}", {}),
    "POST /processes/proposals/{id}/approve": ("/processes/proposals/{proposal}/approve", {}),
    "POST /processes/proposals/{id}/reject": ("/processes/proposals/{proposal}/reject", {"data": {"why": "no"}}),
    "GET /processes/migrations/{name}": ("/processes/migrations/claims", {}),
    "POST /processes/migrations/{name}": ("/processes/migrations/claims", {"data": MOVE}),
    "GET /processes/migrations/{name}/{id}": ("/processes/migrations/claims/{migration}", {}),
    "POST /processes/migrations/{name}/{id}/{action}": ("/processes/migrations/claims/{migration}/withdraw", {}),
    "GET /processes/try/{name}/{origin}": ("/processes/try/claims/{version}", {}),
    "POST /processes/try/{name}/{origin}": ("/processes/try/claims/{version}", {"data": {"what": "undo"}}),
    "GET /processes/try/{name}/{origin}/picture.svg": ("/processes/try/claims/{version}/picture.svg", {}),
    "GET /processes/{kind}/{name}": ("/processes/process/claims", {}),
    "GET /processes/{kind}/{name}/{version}": ("/processes/process/claims/{version}", {}),
    "GET /processes/{kind}/{name}/{version}/compare/{other}": (
        "/processes/process/claims/{version}/compare/{version}", {},
    ),
    "GET /processes/process/{name}/{version}/picture.svg": ("/processes/process/claims/{version}/picture.svg", {}),
    "POST /cases/{number}/correct": ("/cases/{case}/correct", {"data": {"changes": "{}", **WHY}}),
    "POST /cases/{number}/move": ("/cases/{case}/move", {"data": {"token": "1", "target": "nowhere", **WHY}}),
    "POST /api/cases/{number}/attachments/{attachment}/remove": (
        "/api/cases/{case}/attachments/1/remove", {"json": WHY},
    ),
    "POST /cases/{number}/merge": ("/cases/{case}/merge", {"data": {"other": "none", **WHY}}),
    "POST /api/cases/{number}/merge/preview": ("/api/cases/{case}/merge/preview", {"json": {"other": "none"}}),
    "POST /api/cases/{number}/move/preview": (
        "/api/cases/{case}/move/preview", {"json": {"token": 1, "target": "close"}},
    ),
    "POST /api/cases/{number}/reopen/preview": ("/api/cases/{case}/reopen/preview", {"json": {}}),
    "POST /api/alike": ("/api/alike", {"json": {"process": "claims", "data": CLAIM}}),
    "GET /live": ("/live?case=LP-2026-999999", {}),
    "GET /live floor": ("/live?floor=true&case=LP-2026-999999", {}),
    "POST /api/cases/{number}/comments": ("/api/cases/{case}/comments", {"json": {"text": "a word"}}),
    "POST /api/tasks/{number}/{task}/comments": ("/api/tasks/{task}/comments", {"json": {"text": "a word"}}),
    "POST /api/cases/{number}/secrets": ("/api/cases/{case}/secrets", {"json": WHY}),
    "POST /api/cases/{number}/glass": ("/api/cases/{case}/glass", {"json": {"reason": "the customer is on the phone"}}),
    "POST /api/cases/{number}/restrict": ("/api/cases/{case}/restrict", {"json": WHY}),
    "POST /api/cases/{number}/lift": ("/api/cases/{restricted}/lift", {"json": WHY}),
    "POST /api/reading/glass/{id}": ("/api/reading/glass/{glass}", {"json": JUST}),
    "POST /api/tasks/{number}/{task}/{action} claim": ("/api/tasks/{task}/claim", {}),
    "POST /api/tasks/{number}/{task}/{action} complete": (
        "/api/tasks/{task}/complete", {"json": {"outcome": "accept", "data": INTAKE}},
    ),
    "POST /api/tasks/{number}/{task}/{action} release": ("/api/tasks/{taken}/release", {"json": WHY}),
    "POST /api/tasks/{number}/{task}/{action} transfer": (
        "/api/tasks/{taken}/transfer", {"json": TO},
    ),
    "POST /api/tasks/{number}/{task}/{action} priority": (
        "/api/tasks/{task}/priority", {"json": {"priority": 70, **WHY}},
    ),
    "POST /api/messages": ("/api/messages", {"json": {"name": "customer_reply", "key": "x", "data": {"text": "so"}}}),
    "POST /api/cases": ("/api/cases", {"json": {"process": "claims", "data": CLAIM}}),
    "POST /api/cases/{number}/{action} suspend": ("/api/cases/{case}/suspend", {"json": WHY}),
    "POST /api/cases/{number}/{action} resume": ("/api/cases/{suspended}/resume", {"json": WHY}),
    "POST /api/cases/{number}/{action} cancel": ("/api/cases/{case}/cancel", {"json": WHY}),
    "POST /api/cases/{number}/{action} begin": ("/api/cases/{case}/begin", {"json": {"token": 1, "step": "x"}}),
    "POST /api/cases/{number}/{action} finish": ("/api/cases/{case}/finish", {"json": {"token": 1}}),
    "POST /api/cases/{number}/{action} owner": ("/api/cases/{case}/owner", {"json": {"user": "jin_tao", **WHY}}),
    "GET /api/reports/{name}": ("/api/reports/steps?process=claims", {}),
    "GET /api/floor/tasks": ("/api/floor/tasks?queue=intake", {}),
    "POST /api/cases/{number}/clocks/{clock}/acknowledge": (
        "/api/cases/{late}/clocks/review_24h/acknowledge", {"json": {"reason": "staff"}},
    ),
    "POST /api/cases/{number}/clocks/{clock}/extend": (
        "/api/cases/{case}/clocks/general_handled/extend", {"json": {"by": "1wd", "reason": "ill"}},
    ),
    "POST /cases/{number}/clocks/{clock}/extend": (
        "/cases/{case}/clocks/general_handled/extend", {"data": {"by": "1wd", "reason": "ill"}},
    ),
    "POST /api/bulk": ("/api/bulk", {"json": several("claim")}),
    "POST /api/webhooks": ("/api/webhooks", {"json": HOOK}),
    "GET /api/webhooks/{webhook}": ("/api/webhooks/{hook}", {}),
    "DELETE /api/webhooks/{webhook}": ("/api/webhooks/{hook}", {}),
    "POST /api/webhooks/{webhook}/secret": ("/api/webhooks/{hook}/secret", {}),
    "POST /api/webhooks/{webhook}/ping": ("/api/webhooks/{hook}/ping", {}),
    "GET /api/webhooks/{webhook}/calls": ("/api/webhooks/{hook}/calls", {}),
    "POST /api/webhooks/{webhook}/calls/{call}/retry": ("/api/webhooks/{call}/retry", {}),
    "GET /api/versions/{name}/figures": ("/api/versions/claims/figures", {}),
    "GET /api/versions/{name}/{version}/differences/{other}": (
        "/api/versions/claims/{version}/differences/{version}", {},
    ),
    "POST /api/migrations/dry-run": ("/api/migrations/dry-run", {"json": MOVE}),
    "POST /api/migrations": ("/api/migrations", {"json": MOVE}),
    "GET /api/migrations/{id}": ("/api/migrations/{migration}", {}),
    "POST /api/migrations/{id}/{action}": ("/api/migrations/{migration}/withdraw", {}),
    "GET /api/processes/{kind}/{name}": ("/api/processes/process/claims", {}),
    "GET /api/processes/{kind}/{name}/{version}": ("/api/processes/process/claims/{version}", {}),
    "GET /api/processes/{kind}/{name}/{version}/compare/{other}": (
        "/api/processes/process/claims/{version}/compare/{version}", {},
    ),
    "POST /api/proposals": ("/api/proposals", {"json": files}),
    "GET /api/proposals/{id}": ("/api/proposals/{proposal}", {}),
    "POST /api/proposals/{id}/{decision} approve": ("/api/proposals/{proposal}/approve", {"json": {}}),
    "POST /api/proposals/{id}/{decision} reject": ("/api/proposals/{proposal}/reject", {"json": {"why": "no"}}),
    "GET /admin/calendars/{name}/{year}": ("/admin/calendars/insurer/2026", {}),
    "POST /admin/calendars/{name}/{year}/days": ("/admin/calendars/insurer/2026/days", {"data": DAY}),
    "POST /admin/calendars/{name}/{year}/recount": ("/admin/calendars/insurer/2026/recount", {}),
    "GET /admin/people/{user}": ("/admin/people/lu_yao", {}),
    "POST /admin/people": ("/admin/people", {"data": {"user": "lu_yao"}}),
    "POST /admin/people/{user}": ("/admin/people/lu_yao", {"data": {"roles": "boss"}}),
    "POST /admin/people/{user}/leave": ("/admin/people/lu_yao/leave", {"data": {"to": "soon"}}),
    "POST /admin/queues/{queue}": ("/admin/queues/intake", {"data": {"members": "nobody_here"}}),
    "POST /admin/groups": ("/admin/groups", {"data": {"group": "No Name"}}),
    "POST /admin/groups/{group}": ("/admin/groups/claims", {"data": {"manager": "nobody_here"}}),
    "POST /admin/authority": ("/admin/authority", {"data": {"amount": "much"}}),
    "POST /admin/authority/end": ("/admin/authority/end", {"data": {"key": "none"}}),
    "POST /admin/accounts/{user}/{action}": ("/admin/accounts/lu_yao/unlock", {}),
    "POST /admin/absences": ("/admin/absences", {"data": {"user": "nobody_here", "from": "2026-04-01"}}),
    "POST /admin/absences/end": ("/admin/absences/end", {"data": {"key": "none"}}),
    "POST /admin/changes/{id}/{decision}": ("/admin/changes/none/approve", {}),
    "POST /admin/webhooks": ("/admin/webhooks", {"data": {"url": HOOK["url"], "event": HOOK["events"]}}),
    "GET /admin/webhooks/{webhook}": ("/admin/webhooks/{hook}", {}),
    "POST /admin/webhooks/{webhook}/ping": ("/admin/webhooks/{hook}/ping", {}),
    "POST /admin/webhooks/{webhook}/secret": ("/admin/webhooks/{hook}/secret", {}),
    "POST /admin/webhooks/{webhook}/stop": ("/admin/webhooks/{hook}/stop", {}),
    "POST /admin/notices": ("/admin/notices", {"data": {"dispatch": "none"}}),
    "POST /account/notices": ("/account/notices", {"data": {"hours": "any"}}),
    "POST /admin/webhooks/{webhook}/calls/{call}/retry": ("/admin/webhooks/{call}/retry", {}),
    "POST /admin/tokens/revoke": ("/admin/tokens/revoke", {"data": {"user": "lu_yao", "digest": "none"}}),
    "GET /api/admin/calendars/{name}": ("/api/admin/calendars/insurer", {}),
    "GET /api/admin/calendars/{name}/{year}": ("/api/admin/calendars/insurer/2026", {}),
    "POST /api/admin/calendars/{name}/preview": (
        "/api/admin/calendars/insurer/preview", {"json": {"days": [DAY_OFF]}},
    ),
    "POST /api/admin/calendars/{name}/days": (
        "/api/admin/calendars/insurer/days", {"json": {"days": [DAY_OFF], **WHY}},
    ),
    "POST /api/admin/calendars/{name}/recount": ("/api/admin/calendars/insurer/recount", {}),
    "PUT /api/admin/organisation": ("/api/admin/organisation", {"json": {"yaml": "users: ["}}),
    "PUT /api/admin/people/{user}": ("/api/admin/people/qin_shuang", {"json": {"capacity": 5}}),
    "PUT /api/admin/groups/{group}": (
        "/api/admin/groups/underwriting", {"json": {"title": {"zh": "承保部", "en": "Underwriting"}}},
    ),
    "PUT /api/admin/queues/{queue}": ("/api/admin/queues/survey", {"json": {"assign_by": ""}}),
    "POST /api/admin/people/{user}/leave": ("/api/admin/people/nobody_here/leave", {"json": {"to": "2026-04-01"}}),
    "POST /api/admin/grants": ("/api/admin/grants", {"json": {"kind": "claims", "amount": "much"}}),
    "POST /api/admin/grants/{key}/end": ("/api/admin/grants/none/end", {"json": WHY}),
    "POST /api/admin/tokens/{user}/{digest}/revoke": ("/api/admin/tokens/lu_yao/none/revoke", {}),
    "POST /api/admin/accounts/{user}/{action}": ("/api/admin/accounts/lu_yao/unlock", {}),
    "POST /api/admin/absences": (
        "/api/admin/absences", {"json": {"user": "qin_shuang", "from": "2026-04-01", "to": "2026-04-02"}},
    ),
    "POST /account/absences": ("/account/absences", {"data": {"from": "2026-04-01"}}),
    "POST /account/absences/end": ("/account/absences/end", {"data": {"key": "none"}}),
    "GET /absences/{key}": ("/absences/{away}", {}),
    "POST /absences/{key}": ("/absences/{away}", {"data": {"to": "leave"}}),
    "GET /api/admin/absences/{key}/tasks": ("/api/admin/absences/{away}/tasks", {}),
    "POST /api/admin/absences/{key}/move": ("/api/admin/absences/{away}/move", {"json": {"to": "leave"}}),
    "POST /api/admin/absences/{key}/end": ("/api/admin/absences/none/end", {}),
    "POST /api/admin/changes/{id}/{decision}": ("/api/admin/changes/none/approve", {}),
}  # fmt: skip
"""For each row that is more than its path: the path, and what is sent: `data` of a form, `json` of a program; what is a
function is called."""


OPEN = "GET /api/openapi.json"
"""Open to all."""


# --- the table --------------------------------------------------------------------------------------


def rows() -> dict[str, str]:
    """What each row expects, by its route."""
    found = {}
    for line in TABLE.strip("\n").splitlines()[1:]:
        row, _, signs = line.partition("  ")
        found[row.strip()] = " ".join(signs.split())
    return found


@pytest.fixture(scope="module")
def world(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = copytree(founded, tmp_path_factory.mktemp("roles") / "house")
    clock = VirtualClock(MORNING)
    with Caseway(Home(folder), clock, unsafe=True) as caseway, start_blocking_portal() as portal:
        app = create_app(caseway, hasher=CHEAP, reach=Reach.of(["127.0.0.0/8"]))
        accounts = app.state.accounts
        accounts.set_passwords([user for user in PEOPLE.values() if user], PASSWORD, "test")
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://town")

        def ask(method: str, path: str, **sent: Any) -> httpx.Response:
            client.cookies.clear()
            return portal.call(partial(client.request, method, path, **sent))

        made = World(Town(caseway, clock, app), ask)
        for who, user in PEOPLE.items():
            if user:
                made.tokens[who] = accounts.issue(user, "test")
        yield made
        portal.call(client.aclose)
        app.state.desks.close()


def sign(answer: httpx.Response) -> str:
    """What the answer means."""
    if answer.status_code == 303:
        return "s" if answer.headers["location"].startswith("/sign-in") else "3"
    return {401: "4", 403: "x", 404: "-", 409: "-", 422: "-"}.get(answer.status_code, str(answer.status_code)[0])


PLAIN = (
    ("{number}/{task}", "{task}"), ("{number}/tasks/{task}", "{listed}"),
    ("{number}/links/{number_of_link}", "{linked}"), ("{number}", "{case}"), ("{attachment}", "1"),
    ("{paper}/{action}", "claim_form/receive"), ("/c/{token}", "{link}"), ("{name}/{year}", "insurer/2026"),
    ("{user}", "wang_fang"), ("{group}", "claims_intake"), ("{queue}", "intake"),
    *((name, "none") for name in ("{key}", "{id}", "{digest}", "{decision}", "{action}")),
)  # fmt: skip
"""Nothing is sent to change the organisation: the others are to find the people as they are."""


def plain(route: str) -> str:
    """What is asked where nothing else is said: of a case, of its task."""
    for text, made in PLAIN:
        route = route.replace(text, made)
    return route


def asked(world: World, row: str, who: str) -> httpx.Response:
    method, route, *_ = row.split()
    path, sent = SAMPLES.get(row, (plain(route), {}))
    for name, make in MADE.items():
        if name in path:
            if name not in world.kept:
                world.kept[name] = make(world)
            path = path.replace(name, world.kept[name])
    return world.ask(who, method, path, **{key: one(world) if callable(one) else one for key, one in sent.items()})


@pytest.mark.parametrize("row", rows())
def test_each_gets_what_is_theirs(world: World, row: str) -> None:
    expected, found = dict(zip(PEOPLE, rows()[row].split(), strict=True)), dict[str, str]()
    for who in PEOPLE:
        found[who] = sign(asked(world, row, who))
        if not row.startswith("GET") and found[who] not in "s4x":
            world.kept.clear()  # it is no longer as it was
    assert found == expected


def routes(app: Any) -> set[str]:
    """Every page and endpoint of an application, with the routers that it includes."""
    found: set[str] = set()
    for route in app.routes:
        if hasattr(route, "original_router"):
            found |= routes(route.original_router)
        elif isinstance(route, Route):
            found |= {f"{method} {route.path}" for method in route.methods or () if method != "HEAD"}
    return found


def test_every_route_is_in_the_table(world: World) -> None:
    known, there = {" ".join(row.split()[:2]) for row in rows()}, routes(world.town.app)
    missing, gone = sorted(there - known), sorted(known - there)
    assert not missing, f"say in tests/web/test_roles.py who may ask these: {missing}"
    assert not gone, f"these are no routes any more; take them out of tests/web/test_roles.py: {gone}"


def test_the_application_has_no_other_routes(world: World) -> None:
    told = world.ask("nobody", "GET", "/api/openapi.json").json()["paths"]
    known = {f"{method.upper()} {path}" for path, found in told.items() for method in found}
    api = {route for route in routes(world.town.app) if route.split()[1].startswith("/api")}
    assert known == api - {OPEN}
    assert len({one["operationId"] for path in told.values() for one in path.values()}) == len(known)


def test_a_token_that_no_longer_counts_is_nobodys_at_every_endpoint(world: World) -> None:
    accounts = world.town.app.state.accounts
    revoked = accounts.issue("gu_mingyuan", "revoked")
    assert accounts.revoke("gu_mingyuan", sha256(revoked.encode()).hexdigest())
    world.tokens |= {"revoked": revoked, "forged": "caseway_" + "x" * 43}
    for row in (row for row in rows() if row.split()[1].startswith("/api") and row != OPEN):
        method, route, *_ = row.split()
        path = route.replace("{", "").replace("}", "")
        for who in ("revoked", "forged", "left"):
            assert world.ask(who, method, path).status_code == 401, (row, who)
