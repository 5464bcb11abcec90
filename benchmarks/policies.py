"""What policies on paper cost: one policy, and the handbook of 25 in force (24 starter texts, one in many scripts).

    .venv/bin/python benchmarks/policies.py [folder for the PDFs]

Makes a throw-away SQLite database, prints CPU seconds of this process (queries, HTML) and of its child (layout), what
drawing a text costs on screen, and what a redline of 200 KB against 200 KB does.
"""

import os
import random
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = Path(tempfile.mkdtemp(prefix="countersign-benchmark-"))
os.environ |= {"DATA_DIR": str(FOLDER), "COUNTERSIGN_LOCAL": "1", "DJANGO_SETTINGS_MODULE": "grc.settings"}

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import organisation, zone
from foundation.pages.paper import Paper, cover_for, html_for, pdf_for
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from grc.fonts import make_fonts
from policies import actions, approval, drafting
from policies.models import Policy, PolicyVersion
from policies.report import handbook_paper, version_paper
from policies.text.markdown import too_much
from policies.text.redline import rows
from policies.text.render import to_html
from policies.text.starters import starters
from tests.factories.texts import GROWING, KINDS, LABORIOUS, hard_pair, laborious

SCRIPTS = """## Deutsch, ελληνικά, русский, tiếng Việt

Über Zugänge entscheidet der Eigentümer. Οι λογαριασμοί είναι προσωπικοί. Доступ проверяют владельцы. Quyền truy cập.

## العربية

يجب على كل موظف الإبلاغ عن الحوادث فوراً خلال {{ sla_critical_days }} ولا يجوز مشاركة كلمات المرور (SSO).

- الحسابات شخصية
- تُراجع الصلاحيات كل {{ policy_review_days }}

| الدور | المسؤولية |
|---|---|
| المدير | الموافقة على الوصول |
| الموظف | الإبلاغ |

## עברית

כל העובדים מדווחים על אירועים מיד. **סיסמאות** אינן משותפות (MFA), והגישה נבדקת.

1. החשבונות אישיים
2. ההרשאות נבדקות

## 中文

本政策适用于所有员工和承包商。**访问权限**须经系统所有者批准，并在 {{ policy_review_days }} 内复核。

| 角色 | 职责 |
|---|---|
| 系统所有者 | 批准访问权限 |
| 員工 | 立即報告事件 |

## 日本語

すべての従業員は、インシデントを直ちに報告しなければなりません。`パスワード`は共有しません。

> 機密情報は承認されたサービスにのみ保存します。

## 한국어

모든 직원은 사고를 즉시 보고해야 합니다. 비밀번호는 공유하지 않습니다.

## What must not load

![a remote picture](https://example.com/a.png) ![data](data:image/png;base64,iVBORw0KGgo=) <script>alert(1)</script>
[mail](mailto:help@example.com), [web](https://example.com/), [script](javascript:alert(1)).

```
plain text, as typed
```
"""


def person(role: str, name: str) -> User:
    address = f"{name.split(maxsplit=1)[0].lower()}@example.com"
    return save(User(email=address, name=name, role=role), actor=SYSTEM, verb="user.invited")


def fill() -> User:
    """25 policies in force."""
    make_fonts(settings.GENERATED_DIR)
    call_command("migrate", verbosity=0)
    author, approver = person("compliance_manager", "Cora Compliance"), person("manager", "Mark Manager")
    owner = person("manager", "Olga Owner")
    texts = {one.title: one.text for one in starters().values()} | {"Policy in many scripts: 信息安全 مرحبا": SCRIPTS}
    for title, text in texts.items():
        adapted = re.sub(r"\[fill in: ([^\]]+)\]", r"as settled (\1)", text)
        policy = drafting.register(Policy(title=title, owner=owner), actor=author, text=adapted)
        actions.name_approver(policy, actor=author, approver=approver, reason="Runs the company.")
        version = drafting.submit(drafting.open_version(policy), actor=author)
        approval.approve(version, actor=approver)
    return author


def cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def measure(name: str, paper: Paper, user: User, folder: Path) -> None:
    own, child = cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN)
    cover = cover_for(user)
    with CaptureQueriesContext(connection) as asked:
        html = html_for(paper, cover)
    pdf = pdf_for(html, cover.made_at, organisation())
    own, child = cpu(resource.RUSAGE_SELF) - own, cpu(resource.RUSAGE_CHILDREN) - child
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{name:10}{len(html):10,}{own:9.2f}{child:9.2f}{len(pdf) / 1e6:7.2f}{memory:10.0f}{len(asked):9}")
    (folder / f"{name}.pdf").write_bytes(pdf)


def compared(kind: str, length: int) -> float:
    """Seconds of CPU to compare two texts; with four times their length the square would be sixteen times as much."""
    old, new = hard_pair(kind, length)
    began = time.process_time()
    rows(old, new)
    return time.process_time() - began


def drawn(source: str, best: int = 3) -> float:
    """Seconds of CPU to judge a text and to draw it as HTML: the least of so many."""
    spent = []
    for _ in range(best):
        too_much.cache_clear()
        began = time.process_time()
        too_much(source)
        to_html(source, {})
        spent.append(time.process_time() - began)
    return min(spent)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    user = fill()
    last = PolicyVersion.objects.order_by("-id")[0].pk
    print(f"{'PDF':10}{'letters':>10}{'HTML s':>9}{'PDF s':>9}{'MB':>7}{'child MB':>10}{'queries':>9}")
    with timezone.override(zone()):
        measure("policy", version_paper(user, QueryDict(), None, pk=last - 1), user, folder)
        measure("scripts", version_paper(user, QueryDict(), None, pk=last), user, folder)
        measure("handbook", handbook_paper(user, QueryDict(), None), user, folder)
    text = starters()["access-control"].text
    for words, source in (("one starter text", text), ("200 KB", (text * 60)[:195_000])):
        began = time.process_time()
        to_html(source, {})
        print(f"{words} drawn in {(time.process_time() - began) * 1000:.0f} ms of CPU")
    chance = random.Random(1)
    old = "\n".join(
        " ".join(chance.choices(["access", "owner", "review", "every", "system", "data", "key"], k=40))
        for _ in range(800)
    )
    new = re.sub(r"owner", lambda _: chance.choice(["owner", "lead"]), old)
    began = time.process_time()
    rows(old, new)
    print(f"{len(old):,} against {len(new):,} letters compared in {time.process_time() - began:.2f} s of CPU")
    print(f"{'hard pairs':12}{'50 KB s':>9}{'200 KB s':>10}{'ratio':>7}")
    for kind in KINDS:
        short, long = compared(kind, 50_000), compared(kind, 200_000)
        print(f"{kind:12}{short:9.2f}{long:10.2f}{long / short:7.1f}")
    print(f"{'marks':12}{'3 KB ms':>9}{'12 KB ms':>10}{'ratio':>7}")
    for kind, seed in GROWING.items():
        short, long = (drawn((seed * (length // len(seed) + 1))[:length]) for length in (3_000, 12_000))
        print(f"{kind:12}{short * 1000:9.1f}{long * 1000:10.1f}{long / short:7.1f}")
    print(f"{'much work':12}{'longest s':>11}{'taken s':>9}")
    for kind, seed in LABORIOUS.items():
        longest, taken = (drawn(source, best=1) for source in laborious(seed))
        print(f"{kind:12}{longest:11.2f}{taken:9.2f}")
    print(f"PDFs in {folder}.")


if __name__ == "__main__":
    main()
