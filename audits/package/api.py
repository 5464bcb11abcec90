"""The API of packages. One is asked for here as on screen; the archive is downloaded on screen, by a person."""

from rest_framework.serializers import CharField

from audits.package.views import PackagePages
from foundation.pages.api.register import RegisterApi


class PackageApi(RegisterApi):
    """Packages with the hash of each archive."""

    pages, writes = PackagePages, False
    computed = {"ref": CharField(help_text="As PKG-2.")}
