"""The API of the sub-processor list's versions. Publishing is signed by a person, on its page."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.serializers import CharField

from foundation.pages.api.register import RegisterApi
from vendors.subprocessors.views import SubprocessorListPages


class SubprocessorListApi(RegisterApi):
    """Versions with their entries, and the notices of one."""

    pages, writes = SubprocessorListPages, False
    computed: ClassVar[dict[str, serializers.Field[Any, Any, Any, Any]]] = {"ref": CharField(help_text="As SP-2.")}
