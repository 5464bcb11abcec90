"""The API of packages, to read. One is asked for, and its archive downloaded, on screen: by a person, who is named."""

from rest_framework.serializers import CharField

from audits.package.views import PackagePages
from foundation.pages.api.register import RegisterApi


class PackageApi(RegisterApi):
    """Packages with the hash of each archive."""

    pages, writes = PackagePages, False
    computed = {"ref": CharField(help_text="As PKG-2.")}
