"""The table of who may do what: model, verb, role, and how far the verb reaches. What it does not say is refused.

Only literals stand here: `access` answers from them and is the only module that decides; the page of roles shows them
as they stand. A new register adds its rows to TABLE, and to SIGNING what in it signs or approves. The same rows are
written out once more in tests/accounts/test_access.py, so that a slip fails. Grounds: the domain's roles page.
"""

from typing import Final

from foundation.accounts.roles import Role, Scope

ADMIN, COMPLIANCE, MANAGER = Role.ADMINISTRATOR, Role.COMPLIANCE_MANAGER, Role.MANAGER
OWNER, EMPLOYEE, AUDITOR = Role.CONTROL_OWNER, Role.EMPLOYEE, Role.AUDITOR
ALL, OWN, FOR, TEAM = Scope.ALL, Scope.OWN, Scope.FOR, Scope.TEAM
OPEN, WINDOW, SEEN = Scope.OPEN, Scope.WINDOW, Scope.SEEN

_READ_PROGRAMME: Final[dict[str, Scope]] = {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: ALL, OWNER: ALL, AUDITOR: WINDOW}
_READ_FINDINGS: Final[dict[str, Scope]] = {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN, AUDITOR: WINDOW}
_READ_PEOPLE: Final[dict[str, Scope]] = {
    ADMIN: ALL,
    COMPLIANCE: ALL,
    MANAGER: TEAM,
    OWNER: OWN,
    EMPLOYEE: OWN,
    AUDITOR: WINDOW,
}
_READ_REVIEWS: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, AUDITOR: WINDOW}
# Managers accept risks and approve vendors of others: they see both registers whole.
_READ_WHOLE: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW}
_READ_METHOD: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: ALL, OWNER: ALL, AUDITOR: WINDOW}
# Everybody reads what is in force and meant for them; drafts are for those who write and approve them.
_READ_POLICIES: Final[dict[str, Scope]] = {
    ADMIN: FOR,
    COMPLIANCE: ALL,
    MANAGER: FOR,
    OWNER: FOR,
    EMPLOYEE: FOR,
    AUDITOR: WINDOW,
}
_READ_POLICY_LINKS: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: FOR, OWNER: FOR, AUDITOR: WINDOW}
# Of restricted incidents, their people alone and compliance managers (Confined); of others, whose own they are besides.
_READ_INCIDENTS: Final[dict[str, Scope]] = {
    ADMIN: OPEN,
    COMPLIANCE: ALL,
    MANAGER: OWN,
    OWNER: OWN,
    EMPLOYEE: OWN,
    AUDITOR: WINDOW,
}
# Whoever commands an incident or is named in it responds, whatever their role: incidents.command keeps others out.
_RESPOND: Final[dict[str, Scope]] = {ADMIN: OWN, COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN}
# What everybody follows when something happens.
_READ_PLAN: Final[dict[str, Scope]] = {
    ADMIN: ALL,
    COMPLIANCE: ALL,
    MANAGER: ALL,
    OWNER: ALL,
    EMPLOYEE: ALL,
    AUDITOR: WINDOW,
}
_WRITE_PLAN: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN}
_READ_EXERCISES: Final[dict[str, Scope]] = {
    ADMIN: OWN,
    COMPLIANCE: ALL,
    MANAGER: ALL,
    OWNER: OWN,
    EMPLOYEE: OWN,
    AUDITOR: WINDOW,
}
_RUN_EXERCISES: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN}  # and only their facilitator
# What auditors ask for: whoever is to answer sees theirs, an auditor those of his engagement.
_MANAGEMENTS_TEXT: Final[dict[str, dict[str, Scope]]] = {
    "view": {COMPLIANCE: ALL, MANAGER: ALL, AUDITOR: WINDOW},
    "add": {COMPLIANCE: ALL},
    "change": {COMPLIANCE: ALL},
}
_READ_REQUESTS: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN, AUDITOR: WINDOW}
_ANSWER_REQUESTS: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN}
# What the auditor tests: compliance managers read all of it, owners the tests of their controls.
_READ_TESTS: Final[dict[str, Scope]] = {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, AUDITOR: WINDOW}
_EVERYONES_OWN: Final[dict[str, Scope]] = {
    ADMIN: OWN,
    COMPLIANCE: OWN,
    MANAGER: OWN,
    OWNER: OWN,
    EMPLOYEE: OWN,
    AUDITOR: OWN,
}

TABLE: Final[dict[str, dict[str, dict[str, Scope]]]] = {
    "accounts.user": {
        "view": {ADMIN: ALL, COMPLIANCE: ALL, EMPLOYEE: OWN, AUDITOR: WINDOW},
        "view_details": {ADMIN: ALL, COMPLIANCE: ALL, EMPLOYEE: OWN},  # beyond name, role and status
        "view_history": {ADMIN: ALL, COMPLIANCE: ALL},
        "add": {ADMIN: ALL},
        "change": {ADMIN: ALL},
        "change_profile": {ADMIN: OWN, COMPLIANCE: OWN, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
        "change_role": {ADMIN: ALL},
        "review_access": {ADMIN: ALL, COMPLIANCE: ALL},  # the page of roles, grants and windows
        "deactivate": {ADMIN: ALL},
        "reactivate": {ADMIN: ALL},
        "resend_invitation": {ADMIN: ALL},
        "end_sessions": {ADMIN: ALL},
        "reset_mfa": {ADMIN: ALL},
        "change_break_glass": {ADMIN: ALL},
        "untie_provider": {ADMIN: ALL},
    },
    "accounts.identityprovider": {
        "view": {ADMIN: ALL},
        "add": {ADMIN: ALL},
        "change": {ADMIN: ALL},
        "archive": {ADMIN: ALL},
    },
    "accounts.token": {  # auditors read on screen, through their window: the API knows no tokens of theirs
        "view": {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
        "add": {ADMIN: OWN, COMPLIANCE: OWN, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
        "revoke": {ADMIN: ALL, COMPLIANCE: OWN, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
    },
    "accounts.calendarfeed": {  # an auditor has one by the open access (feeds.may_have), as he keeps a password
        "view": _EVERYONES_OWN,
        "add": {ADMIN: OWN, COMPLIANCE: OWN, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
    },
    "accounts.dutyexception": {
        "view": {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN, AUDITOR: WINDOW},
        "add": {COMPLIANCE: ALL},
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only the person named in it: exceptions.py
        "decline": {COMPLIANCE: OWN, MANAGER: OWN},
        "end": {COMPLIANCE: ALL},
    },
    "accounts.auditorwindow": {
        "view": {COMPLIANCE: ALL},
    },
    "organisation.organisation": {
        "view": {ADMIN: ALL},
        "change": {ADMIN: ALL},
    },
    "organisation.setting": {
        "view": {ADMIN: ALL, COMPLIANCE: ALL},
        "change": {ADMIN: ALL},
        "change_programme": {ADMIN: ALL, COMPLIANCE: ALL},  # cadences and deadlines, not the installation's own
    },
    "organisation.holiday": {
        "view": {ADMIN: ALL, COMPLIANCE: ALL},
        "add": {ADMIN: ALL},
        "change": {ADMIN: ALL},
        "archive": {ADMIN: ALL},
    },
    "controls.framework": {
        "view": _READ_PROGRAMME,
    },
    "controls.category": {
        "view": _READ_PROGRAMME,
        "change_scope": {COMPLIANCE: ALL},
    },
    "controls.series": {
        "view": _READ_PROGRAMME,
    },
    "controls.criterion": {
        "view": _READ_PROGRAMME,
        "change_scope": {COMPLIANCE: ALL},
    },
    "controls.control": {
        "view": _READ_PROGRAMME,
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL},
        "archive": {COMPLIANCE: ALL},
        "import": {COMPLIANCE: ALL},
        "update_status": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "propose_not_applicable": {COMPLIANCE: ALL, OWNER: OWN},
        "approve_not_applicable": {COMPLIANCE: ALL},  # and never by the person who proposed it: apart()
        "assign_owner": {COMPLIANCE: ALL},
        "change_review_date": {COMPLIANCE: ALL},
        "review": {COMPLIANCE: ALL, OWNER: OWN},
        "reword": {COMPLIANCE: ALL},
        "map_criteria": {COMPLIANCE: ALL},
        "submit_evidence": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, EMPLOYEE: OWN},
    },
    "controls.mapping": {
        "view": _READ_PROGRAMME,
    },
    "controls.wording": {
        "view": _READ_PROGRAMME,
    },
    "evidence.evidence": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, EMPLOYEE: OWN, AUDITOR: WINDOW},
        "add": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, EMPLOYEE: OWN},  # only for controls: "submit_evidence"
        "change": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
        "supersede": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
        "review": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN},  # and never one's own: apart()
        "withdraw": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
        "link": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "download": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, EMPLOYEE: OWN, AUDITOR: WINDOW},
    },
    "evidence.evidencelink": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, EMPLOYEE: OWN, AUDITOR: WINDOW},
    },
    "evidence.requirement": {
        "view": _READ_PROGRAMME | {EMPLOYEE: OWN},
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL},
        "archive": {COMPLIANCE: ALL},
    },
    "evidence.occurrence": {
        "view": _READ_PROGRAMME | {EMPLOYEE: OWN},
        "rebuild": {COMPLIANCE: ALL},
    },
    "evidence.exemption": {
        "view": _READ_PROGRAMME,
        "add": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: ALL},  # for controls that one may submit to
        "approve": {COMPLIANCE: ALL},  # and never one's own: apart()
        "decline": {COMPLIANCE: ALL},
    },
    # Managers view what they may be asked to judge. Auditors draw through their engagement (audits.auditsample).
    "evidence.population": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
        "add": {COMPLIANCE: ALL, OWNER: OWN},  # for controls that one may submit evidence to
        "draw": {COMPLIANCE: ALL, OWNER: OWN},  # management's self-test
        "download": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
    },
    "evidence.populationlink": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
    },
    "evidence.sample": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
        "download": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
    },
    "findings.finding": {
        "view": _READ_FINDINGS,
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL},
        "archive": {COMPLIANCE: ALL},
        "import": {COMPLIANCE: ALL},
        "update_status": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "verify": {COMPLIANCE: ALL, MANAGER: TEAM},  # and never by who fixed it: apart()
        "reopen": {COMPLIANCE: ALL},
        "request_acceptance": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "accept": {COMPLIANCE: ALL, MANAGER: TEAM},  # and never by its owner or who asked: apart()
        "plan_action": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "link_control": {COMPLIANCE: ALL},
        "add_evidence": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
    },
    "findings.findingcontrol": {
        "view": _READ_FINDINGS,
        "unlink": {COMPLIANCE: ALL},
    },
    "findings.findingevidence": {
        "view": _READ_FINDINGS,
        "unlink": {COMPLIANCE: ALL},
    },
    "findings.correctiveaction": {
        "view": _READ_FINDINGS | {EMPLOYEE: OWN},
        "change": {COMPLIANCE: ALL},
        "archive": {COMPLIANCE: ALL},
        "complete": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN, EMPLOYEE: OWN},
        "verify": {COMPLIANCE: ALL, MANAGER: TEAM},  # and never by who did it: apart()
    },
    "systems.system": {
        "view": _READ_PROGRAMME,
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "archive": {COMPLIANCE: ALL},
        "import": {COMPLIANCE: ALL},
        "name_administrator": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
    },
    "systems.systemadministrator": {
        "view": _READ_PROGRAMME,
        "unlink": {COMPLIANCE: ALL},
    },
    # A control owner is an employee as well: everybody sees their own row, and does what is asked of them there.
    "people.person": {
        "view": _READ_PEOPLE,
        "add": {ADMIN: ALL, COMPLIANCE: ALL},
        "change": {ADMIN: ALL, COMPLIANCE: ALL},
        "archive": {ADMIN: ALL, COMPLIANCE: ALL},
        "import": {ADMIN: ALL, COMPLIANCE: ALL},
        "start_checklist": {ADMIN: ALL, COMPLIANCE: ALL},
    },
    "people.checklist": {
        "view": {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: ALL, AUDITOR: WINDOW},
        "add": {ADMIN: ALL, COMPLIANCE: ALL},
        "change": {ADMIN: ALL, COMPLIANCE: ALL},
        "archive": {ADMIN: ALL, COMPLIANCE: ALL},
    },
    "people.checklistitem": {
        "view": _READ_PEOPLE,
    },
    "people.checklistrun": {
        "view": _READ_PEOPLE,
        "complete_item": {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN, EMPLOYEE: OWN},
        "close": {ADMIN: ALL, COMPLIANCE: ALL},
    },
    "people.course": {
        "view": {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: ALL, OWNER: ALL, EMPLOYEE: ALL, AUDITOR: WINDOW},
        "add": {ADMIN: ALL, COMPLIANCE: ALL},
        "change": {ADMIN: ALL, COMPLIANCE: ALL},
        "archive": {ADMIN: ALL, COMPLIANCE: ALL},
        "record_evidence": {COMPLIANCE: ALL},
    },
    "people.completion": {
        "view": _READ_PEOPLE,
        "add": {ADMIN: ALL, COMPLIANCE: ALL},
        "archive": {ADMIN: ALL, COMPLIANCE: ALL},
        "import": {ADMIN: ALL, COMPLIANCE: ALL},
    },
    "policies.policy": {
        "view": _READ_POLICIES,
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL},
        "archive": {COMPLIANCE: ALL},
        "adapt": {COMPLIANCE: ALL},
        "amend": {COMPLIANCE: ALL},
        "review": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},  # and only its owner, or who keeps the programme
        "retire": {COMPLIANCE: ALL},
        "change_audience": {COMPLIANCE: ALL},
        "name_approver": {COMPLIANCE: ALL},
        "link_control": {COMPLIANCE: ALL},
        "request_exception": {COMPLIANCE: ALL, MANAGER: FOR, OWNER: FOR},
        "remind": {COMPLIANCE: ALL},
        "record_acknowledgements": {COMPLIANCE: ALL},
    },
    "policies.policyversion": {
        "view": _READ_POLICIES,
        "acknowledge": {ADMIN: FOR, COMPLIANCE: FOR, MANAGER: FOR, OWNER: FOR, EMPLOYEE: FOR},  # for oneself
        "write": {COMPLIANCE: ALL},
        "submit": {COMPLIANCE: ALL},
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only a named approver, never its authors alone: apart()
        "return": {COMPLIANCE: ALL, MANAGER: OWN},
        "withdraw": {COMPLIANCE: ALL},
    },
    "policies.policyauthor": {
        "view": _READ_POLICY_LINKS,
    },
    "policies.policyapproval": {
        "view": _READ_POLICIES,
    },
    "policies.policyreview": {
        "view": _READ_POLICIES,
    },
    "policies.policygroup": {
        "view": _READ_POLICIES,
    },
    "policies.policyapprover": {
        "view": _READ_POLICIES,
        "unlink": {COMPLIANCE: ALL},
    },
    "policies.policycontrol": {
        "view": _READ_POLICY_LINKS,
        "unlink": {COMPLIANCE: ALL},
    },
    "policies.policyexception": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
        "approve": {COMPLIANCE: ALL, MANAGER: ALL},  # and never by who asked: apart()
        "decline": {COMPLIANCE: ALL, MANAGER: ALL},
        "withdraw": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "end": {COMPLIANCE: ALL},
    },
    "policies.acknowledgement": {
        "view": {ADMIN: OWN, COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN, EMPLOYEE: OWN, AUDITOR: WINDOW},
        "add": {COMPLIANCE: ALL},  # what was signed on paper, by somebody else
    },
    "vendors.vendor": {
        "view": _READ_WHOLE,
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "archive": {COMPLIANCE: ALL},
        "import": {COMPLIANCE: ALL},
        "raise_tier": {COMPLIANCE: ALL},
        "assess": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},  # begin an assessment, or take it up anew
        "approve": {COMPLIANCE: ALL, MANAGER: ALL},  # and only the approver whom it names: apart()
        "offboard": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "end": {COMPLIANCE: ALL},
        "add_condition": {COMPLIANCE: ALL, MANAGER: OWN},
        "link_finding": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "add_document": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "add_contract": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "begin_review": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "name_alias": {COMPLIANCE: ALL},
    },
    "vendors.vendorfinding": {
        "view": _READ_WHOLE,
        "unlink": {COMPLIANCE: ALL},
    },
    "vendors.vendoralias": {
        "view": _READ_WHOLE,
        "archive": {COMPLIANCE: ALL},
    },
    "vendors.vendordocument": {
        "view": _READ_WHOLE,
        "supersede": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "archive": {COMPLIANCE: ALL},
        "download": _READ_WHOLE,
    },
    "vendors.contract": {
        "view": _READ_WHOLE,
        "change": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "archive": {COMPLIANCE: ALL},
        "record_evidence": {COMPLIANCE: ALL},
    },
    "vendors.condition": {
        "view": _READ_WHOLE,
        "change": {COMPLIANCE: ALL},
        "meet": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "archive": {COMPLIANCE: ALL},
    },
    "vendors.exitstep": {
        "view": _READ_WHOLE,
        "complete": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
    },
    "vendors.vendorreview": {
        "view": _READ_WHOLE,
        "change": {COMPLIANCE: ALL},
        "answer": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},  # and never its approver: reviews.py
        "submit": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only the approver whom it names: apart()
        "return": {COMPLIANCE: OWN, MANAGER: OWN},
        "cancel": {COMPLIANCE: ALL},
    },
    "vendors.vendorreviewitem": {
        "view": _READ_WHOLE,
    },
    "vendors.vendorcontrol": {
        "view": _READ_WHOLE,
        "add": {COMPLIANCE: ALL},
        "unlink": {COMPLIANCE: ALL},
    },
    "vendors.worksheet": {
        "view": _READ_WHOLE,
        "add": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},  # of vendors that are one's own
        "change": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},  # and never its approver: worksheets.py
        "submit": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only the approver whom it names: apart()
        "return": {COMPLIANCE: OWN, MANAGER: OWN},
        "cancel": {COMPLIANCE: ALL},
    },
    "vendors.reportexception": {
        "view": _READ_WHOLE,
    },
    "vendors.cuec": {
        "view": _READ_WHOLE,
    },
    "vendors.subservice": {
        "view": _READ_WHOLE,
    },
    "vendors.subprocessorlist": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: ALL, AUDITOR: WINDOW},
        "publish": {COMPLIANCE: ALL},
        "record_notice": {COMPLIANCE: ALL},
        "download": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: ALL, AUDITOR: WINDOW},
    },
    "vendors.notice": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: ALL, AUDITOR: WINDOW},
    },
    "vendors.reconciliation": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, AUDITOR: WINDOW},
        "add": {COMPLIANCE: ALL},
        "match": {COMPLIANCE: ALL},
        "close": {COMPLIANCE: ALL},
        "cancel": {COMPLIANCE: ALL},
        "download": {COMPLIANCE: ALL, MANAGER: ALL, AUDITOR: WINDOW},
    },
    "vendors.reconciledrow": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, AUDITOR: WINDOW},
    },
    "risks.method": {
        "view": _READ_METHOD,
        "publish": {COMPLIANCE: ALL},
    },
    "risks.executive": {
        "view": _READ_METHOD,
        "add": {COMPLIANCE: ALL},
        "end": {COMPLIANCE: ALL},
    },
    "risks.risk": {
        "view": _READ_WHOLE,
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "archive": {COMPLIANCE: ALL},
        "import": {COMPLIANCE: ALL},
        "adapt": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "rate": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "treat": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "review": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "close": {COMPLIANCE: ALL},
        "reopen": {COMPLIANCE: ALL},
        "request_acceptance": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "plan_action": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
        "link": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
    },
    "risks.riskcontrol": {
        "view": _READ_WHOLE,
        "unlink": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
    },
    "risks.riskvendor": {
        "view": _READ_WHOLE,
        "unlink": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
    },
    "risks.riskfinding": {
        "view": _READ_WHOLE,
        "unlink": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN},
    },
    "risks.treatmentaction": {
        "view": _READ_WHOLE | {EMPLOYEE: OWN},
        "change": {COMPLIANCE: ALL},
        "archive": {COMPLIANCE: ALL},
        "complete": {COMPLIANCE: ALL, MANAGER: TEAM, OWNER: OWN, EMPLOYEE: OWN},
    },
    "risks.acceptance": {
        "view": _READ_WHOLE,
        "approve": {COMPLIANCE: ALL, MANAGER: ALL},  # and only whom its band names: risks.acceptance.APPROVERS
        "decline": {COMPLIANCE: ALL, MANAGER: ALL},  # the same
        "withdraw": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "end": {COMPLIANCE: ALL},
    },
    "risks.assessment": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL},
        "consider": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},  # participants
        "take_part": {COMPLIANCE: OWN, MANAGER: OWN, OWNER: OWN},
        "name_participant": {COMPLIANCE: ALL},
        "link_control": {COMPLIANCE: ALL},
        "submit": {COMPLIANCE: ALL},
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only the approver whom it names: apart()
        "return": {COMPLIANCE: OWN, MANAGER: OWN},
        "cancel": {COMPLIANCE: ALL},
        "download": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
    },
    "risks.participant": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
        "end": {COMPLIANCE: ALL},
    },
    "risks.assessedrisk": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
    },
    "risks.assessmentcontrol": {
        "view": {COMPLIANCE: ALL, MANAGER: ALL, OWNER: OWN, AUDITOR: WINDOW},
        "unlink": {COMPLIANCE: ALL},
    },
    "incidents.incident": {
        "view": _READ_INCIDENTS,
        "view_facts": {COMPLIANCE: ALL, AUDITOR: WINDOW},  # facts of record of restricted ones: no text, no people
        "add": _RESPOND,  # everybody who works here reports
        "declare": _RESPOND,  # a report of one's own, or at once: raising the alarm is no say in the programme
        "change": _RESPOND,
        "dismiss": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "set_severity": _RESPOND,
        "contain": _RESPOND,
        "eradicate": _RESPOND,
        "recover": _RESPOND,
        "close": _RESPOND,
        "reopen": _RESPOND,
        "assign_commander": _RESPOND,
        "restrict": _RESPOND,
        "unrestrict": {COMPLIANCE: ALL},
        "name_person": _RESPOND,
        "record_impact": _RESPOND,
        "add_entry": _RESPOND,  # to the timeline; also by whoever reported it
        "link": _RESPOND,
        "start_clock": _RESPOND,
        "decline_clock": _RESPOND,
        "record_notification": _RESPOND,
        "add_custody": _RESPOND,
        "begin_review": _RESPOND,
    },
    "incidents.timelineentry": {
        "view": _READ_INCIDENTS,
        "correct": _RESPOND,
        "download": _READ_INCIDENTS,
    },
    "incidents.incidentperson": {
        "view": _READ_INCIDENTS,
        "end": _RESPOND,
    },
    "incidents.incidentrisk": {
        "view": _READ_INCIDENTS,
        "unlink": _RESPOND,
    },
    "incidents.incidentvendor": {
        "view": _READ_INCIDENTS,
        "unlink": _RESPOND,
    },
    "incidents.incidentcontrol": {
        "view": _READ_INCIDENTS,
        "unlink": _RESPOND,
    },
    "incidents.incidentfinding": {
        "view": _READ_INCIDENTS,
        "unlink": _RESPOND,
    },
    "incidents.incidentsystem": {
        "view": _READ_INCIDENTS,
        "unlink": _RESPOND,
    },
    "incidents.incidentcontrollink": {
        "view": _READ_PROGRAMME,
        "add": {COMPLIANCE: ALL},
        "unlink": {COMPLIANCE: ALL},
    },
    "incidents.custodyitem": {
        "view": _READ_INCIDENTS,
        "transfer": _RESPOND,
        "check_hash": _RESPOND,
        # What was seized (a disk with everybody's data on it) is not for auditors: they read its record, its transfers
        # and its hash checks.
        "download": {role: scope for role, scope in _READ_INCIDENTS.items() if role != AUDITOR},
    },
    "incidents.custodytransfer": {
        "view": _READ_INCIDENTS,
    },
    "incidents.hashcheck": {
        "view": _READ_INCIDENTS,
    },
    "incidents.notificationrule": {
        "view": _READ_PLAN,
        "add": {COMPLIANCE: ALL},
        "publish": {COMPLIANCE: ALL},  # a new version of a rule
        "retire": {COMPLIANCE: ALL},
    },
    "incidents.clock": {
        "view": _READ_INCIDENTS,
        "pause": _RESPOND,
        "resume": _RESPOND,
        "dismiss": _RESPOND,
        "notify": _RESPOND,
    },
    "incidents.clockpause": {
        "view": _READ_INCIDENTS,
    },
    "incidents.notification": {
        "view": _READ_INCIDENTS,
        "download": _READ_INCIDENTS,
    },
    "incidents.responseplan": {
        "view": _READ_PLAN,
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL},
        "archive": {COMPLIANCE: ALL},
        "draft": _WRITE_PLAN,  # a new version
        "review": _WRITE_PLAN,  # looked at, no change: signed
    },
    "incidents.planversion": {
        "view": _READ_PLAN,
        "change": _WRITE_PLAN,
        "submit": _WRITE_PLAN,
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only the approver whom it names: apart()
        "return": {COMPLIANCE: OWN, MANAGER: OWN},
        "withdraw": _WRITE_PLAN,
        "download": _READ_PLAN,
    },
    "incidents.planrole": {
        "view": _READ_PLAN,
        "change": _WRITE_PLAN,
        "archive": _WRITE_PLAN,
    },
    "incidents.plancontact": {
        "view": _READ_PLAN,
        "change": _WRITE_PLAN,
        "archive": _WRITE_PLAN,
    },
    "incidents.planseverity": {
        "view": _READ_PLAN,
        "change": _WRITE_PLAN,
    },
    "incidents.playbook": {
        "view": _READ_PLAN,
        "change": _WRITE_PLAN,
        "archive": _WRITE_PLAN,
    },
    "incidents.planreview": {
        "view": _READ_PLAN,
    },
    "incidents.postincidentreview": {
        "view": _READ_INCIDENTS,
        "change": _RESPOND,
        "submit": _RESPOND,
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only the approver whom it names: apart()
        "return": {COMPLIANCE: OWN, MANAGER: OWN},
        "cancel": {COMPLIANCE: ALL},
        "link_control": _RESPOND,
        "raise_finding": _RESPOND,
    },
    "incidents.reviewcontrol": {
        "view": _READ_INCIDENTS,
        "unlink": _RESPOND,
    },
    "incidents.reviewfinding": {
        "view": _READ_INCIDENTS,
        "unlink": _RESPOND,
    },
    "incidents.exercise": {
        "view": _READ_EXERCISES,
        "add": {COMPLIANCE: ALL},
        "change": _RUN_EXERCISES,
        "hold": _RUN_EXERCISES,
        "sign": {COMPLIANCE: OWN, MANAGER: OWN, OWNER: OWN},
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only the approver whom it names: apart()
        "return": {COMPLIANCE: OWN, MANAGER: OWN},
        "cancel": {COMPLIANCE: ALL},
        "name_attendee": _RUN_EXERCISES,
        "take_part": {ADMIN: OWN, COMPLIANCE: OWN, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},
        "add_inject": _RUN_EXERCISES,
        "add_decision": _RUN_EXERCISES,
        "raise_gap": _RUN_EXERCISES,
        "download": _READ_EXERCISES,
    },
    "incidents.exerciseattendee": {
        "view": _READ_EXERCISES,
        "end": _RUN_EXERCISES,
    },
    "incidents.inject": {
        "view": _READ_EXERCISES,
        "change": _RUN_EXERCISES,
        "archive": _RUN_EXERCISES,
    },
    "incidents.exercisedecision": {
        "view": _READ_EXERCISES,
        "change": _RUN_EXERCISES,
        "archive": _RUN_EXERCISES,
    },
    "incidents.exercisefinding": {
        "view": _READ_EXERCISES,
        "unlink": _RUN_EXERCISES,
    },
    "accessreviews.listing": {
        "view": _READ_REVIEWS,
        "add": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},  # of systems that are one's own
        "download": _READ_REVIEWS,
    },
    "accessreviews.accountmatch": {
        "view": _READ_REVIEWS,
        "add": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "change": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "archive": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
    },
    "accessreviews.columnmapping": {
        "view": _READ_REVIEWS,
    },
    "accessreviews.campaign": {
        "view": _READ_REVIEWS,
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL},
        "launch": {COMPLIANCE: ALL},
        "cancel": {COMPLIANCE: ALL},
        "link_control": {COMPLIANCE: ALL},
    },
    "accessreviews.campaigncontrol": {
        "view": _READ_REVIEWS,
        "unlink": {COMPLIANCE: ALL},
    },
    "accessreviews.review": {
        "view": _READ_REVIEWS,
        "choose_reviewer": {COMPLIANCE: ALL},
        "omit": {COMPLIANCE: ALL},
        "approve": {COMPLIANCE: OWN, MANAGER: OWN},  # and only the approver whom the campaign names: apart()
        "return": {COMPLIANCE: OWN, MANAGER: OWN},
        "correct": {COMPLIANCE: ALL, MANAGER: OWN},
        "download": _READ_REVIEWS,
    },
    "accessreviews.assignment": {
        "view": _READ_REVIEWS,
        "decide": {COMPLIANCE: OWN, MANAGER: OWN},  # and only its reviewer or delegate, never on what is theirs
        "sign": {COMPLIANCE: OWN, MANAGER: OWN},
        "delegate": {COMPLIANCE: ALL, MANAGER: OWN},
        "reassign": {COMPLIANCE: ALL},
    },
    "accessreviews.decision": {
        "view": _READ_REVIEWS,
    },
    "accessreviews.comment": {
        "view": _READ_REVIEWS,
    },
    "accessreviews.addendum": {
        "view": _READ_REVIEWS,
    },
    "accessreviews.removal": {
        "view": _READ_REVIEWS,
        "assign": {COMPLIANCE: ALL},
        "complete": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "request_exception": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
        "confirm": {COMPLIANCE: ALL, MANAGER: OWN},  # and never by who did it: apart()
        "except": {COMPLIANCE: ALL, MANAGER: OWN},  # and never by who asked or says that it is done: apart()
    },
    "audits.engagement": {
        "view": {COMPLIANCE: ALL},  # an auditor's sight of his engagement is a grant that expires
        "add": {COMPLIANCE: ALL},
        "change": {COMPLIANCE: ALL},
        "archive": {COMPLIANCE: ALL},
        "admit_auditor": {COMPLIANCE: ALL},
        "end_access": {COMPLIANCE: ALL},
        "begin_fieldwork": {COMPLIANCE: ALL},  # and freeze the scope anew, or return to planning
        "begin_reporting": {COMPLIANCE: ALL},
        "issue_report": {COMPLIANCE: ALL},
        "take_over": {COMPLIANCE: ALL},
    },
    "audits.engagementgrant": {
        "view": {COMPLIANCE: ALL},
    },
    # Management answers, the auditor judges: neither does the other's part (R2.2).
    "audits.request": {
        "view": _READ_REQUESTS,
        "add": {COMPLIANCE: ALL, AUDITOR: WINDOW},
        "change": {COMPLIANCE: ALL},
        "import": {COMPLIANCE: ALL},
        "assign": {COMPLIANCE: ALL},
        "remind": {COMPLIANCE: ALL},
        "link": {COMPLIANCE: ALL},
        "respond": _ANSWER_REQUESTS,
        "comment": _READ_REQUESTS,
        "accept": {AUDITOR: WINDOW},
        "return": {AUDITOR: WINDOW},
        "withdraw": {COMPLIANCE: ALL, AUDITOR: WINDOW},  # his own alone: audits.requests.actions
    },
    "audits.requestcontrol": {
        "view": _READ_REQUESTS,
        "unlink": {COMPLIANCE: ALL},
    },
    "audits.requestcriterion": {
        "view": _READ_REQUESTS,
        "unlink": {COMPLIANCE: ALL},
    },
    "audits.requestevidence": {
        "view": _READ_REQUESTS,
        "download": _READ_REQUESTS,
        "unlink": _ANSWER_REQUESTS,
    },
    "audits.requestcomment": {
        "view": _READ_REQUESTS,
    },
    "audits.package": {  # everything of an engagement, as its auditors see it
        "view": {COMPLIANCE: ALL, AUDITOR: WINDOW},
        "add": {COMPLIANCE: ALL, AUDITOR: WINDOW},
        "download": {COMPLIANCE: ALL, AUDITOR: WINDOW},
    },
    # The auditor draws and tests, the company hands in and responds: neither does the other's part (R2.2, R3.2, R3.3).
    "audits.auditsample": {
        "view": _READ_REQUESTS,
        "add": {AUDITOR: WINDOW},
        "replace_item": {AUDITOR: WINDOW},
        "hand_in": _ANSWER_REQUESTS,
        "download": _READ_REQUESTS,
    },
    "audits.sampleitem": {
        "view": _READ_REQUESTS,
    },
    "audits.itemevidence": {
        "view": _READ_REQUESTS,
        "unlink": _ANSWER_REQUESTS,
    },
    "audits.controltest": {
        "view": _READ_TESTS,
        "add": {AUDITOR: WINDOW},
        "change": {AUDITOR: WINDOW},
        "record": {AUDITOR: WINDOW},
        "conclude": {AUDITOR: WINDOW},
        "reopen": {AUDITOR: WINDOW},
        "respond": {COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN},
    },
    "audits.itemresult": {
        "view": _READ_TESTS,
    },
    "audits.managementresponse": {
        "view": _READ_TESTS,
    },
    # Management's own words (R2.2): the compliance manager writes, an executive signs, auditors read.
    "audits.descriptionsection": _MANAGEMENTS_TEXT,
    "audits.userentitycontrol": {**_MANAGEMENTS_TEXT, "archive": {COMPLIANCE: ALL}},
    "audits.subserviceorganisation": {**_MANAGEMENTS_TEXT, "archive": {COMPLIANCE: ALL}},
    "audits.subservicecontrol": {**_MANAGEMENTS_TEXT, "archive": {COMPLIANCE: ALL}},
    "audits.assertion": {
        **_MANAGEMENTS_TEXT,
        "submit": {COMPLIANCE: ALL},
        "return": {COMPLIANCE: ALL, MANAGER: OWN},
        "sign": {MANAGER: OWN},  # an executive's own alone: audits.texts.actions
    },
    "trail.block": {  # how far the trail is sealed and verified
        "view": {ADMIN: ALL, COMPLIANCE: ALL, AUDITOR: WINDOW},
        "verify": {ADMIN: ALL, COMPLIANCE: ALL},
    },
    "trail.entry": {
        "view": {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: SEEN, OWNER: SEEN, EMPLOYEE: OWN, AUDITOR: SEEN},
        "view_private": {ADMIN: ALL, COMPLIANCE: ALL, MANAGER: OWN, OWNER: OWN, EMPLOYEE: OWN},  # whole addresses
    },
    "pages.import": {
        "view": {ADMIN: OWN, COMPLIANCE: ALL},  # what it changed; its steps are only for who uploaded the file
    },
    "files.storedfile": {
        "view": {ADMIN: ALL},  # what the trail says of one; its bytes are had from the record that holds it
    },
    "jobs.job": {
        "view": _EVERYONES_OWN,
        "download": _EVERYONES_OWN,
    },
}

# What signs or approves: it takes an authentication within the last five minutes (fresh.py), and no token may do it.
SIGNING: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        ("accounts.token", "add"),
        ("accounts.calendarfeed", "add"),
        ("accounts.identityprovider", "add"),
        ("accounts.identityprovider", "archive"),
        ("accounts.identityprovider", "change"),
        ("accounts.user", "add"),  # with any role
        ("accounts.user", "change"),  # also the address at which the way in is given out anew
        ("accounts.user", "change_break_glass"),
        ("accounts.dutyexception", "approve"),
        ("accounts.user", "change_role"),
        ("accounts.user", "deactivate"),
        ("accounts.user", "reactivate"),
        ("accounts.user", "reset_mfa"),
        ("accounts.user", "untie_provider"),
        ("accessreviews.assignment", "sign"),
        ("accessreviews.removal", "confirm"),
        ("accessreviews.removal", "except"),
        ("accessreviews.review", "approve"),
        ("audits.engagement", "admit_auditor"),
        ("audits.engagement", "end_access"),
        ("audits.engagement", "issue_report"),
        ("audits.assertion", "sign"),
        ("controls.control", "approve_not_applicable"),
        ("evidence.evidence", "review"),
        ("evidence.exemption", "approve"),
        ("findings.finding", "accept"),
        ("findings.finding", "verify"),
        ("findings.correctiveaction", "verify"),
        ("policies.policy", "record_acknowledgements"),
        ("policies.policy", "review"),
        ("policies.policyexception", "approve"),
        ("policies.policyversion", "approve"),
        ("incidents.exercise", "approve"),
        ("incidents.exercise", "sign"),
        ("incidents.planversion", "approve"),
        ("incidents.postincidentreview", "approve"),
        ("incidents.responseplan", "review"),
        ("risks.acceptance", "approve"),
        ("risks.assessment", "approve"),
        ("risks.executive", "add"),
        ("risks.method", "publish"),
        ("vendors.subprocessorlist", "publish"),
        ("vendors.vendor", "approve"),
        ("vendors.vendorreview", "approve"),
        ("vendors.worksheet", "approve"),
    }
)

# An auditor may do nothing else on what is management's, whatever the table or a grant says.
AUDITOR_MAY: Final[frozenset[str]] = frozenset({"view", "view_facts", "download"})
# What an auditor writes: these verbs on what is his own in the engagement, for live rows of his open window alone. A
# register that stands here says by `Paths.within` which rows belong to a window's engagement; one that does not, stays
# shut. It is `timeless`: fieldwork goes on after the last day of the period.
AUDITOR_WRITES: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        ("audits.request", "add"),
        ("audits.request", "comment"),
        ("audits.request", "accept"),
        ("audits.request", "return"),
        ("audits.request", "withdraw"),
        ("audits.package", "add"),
        ("audits.auditsample", "add"),
        ("audits.auditsample", "replace_item"),
        ("audits.controltest", "add"),
        ("audits.controltest", "change"),
        ("audits.controltest", "record"),
        ("audits.controltest", "conclude"),
        ("audits.controltest", "reopen"),
    }
)
