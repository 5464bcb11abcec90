from django.apps import AppConfig

from foundation.files.guards import FILES_GUARDS


class FilesConfig(AppConfig):
    name = "foundation.files"
    label = "files"
    guards = FILES_GUARDS
