from django.apps import AppConfig

from vendors.guards import VENDOR_GUARDS


class VendorsConfig(AppConfig):
    name = "vendors"
    guards = VENDOR_GUARDS
