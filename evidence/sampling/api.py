"""The API of populations and samples. A population is frozen on screen, where its file and its proof are looked at."""

from rest_framework.serializers import CharField

from evidence.sampling.views import PopulationPages, SamplePages
from foundation.pages.api.register import RegisterApi


class PopulationApi(RegisterApi):
    """Populations with their proof of completeness; `draw` draws a sample of one."""

    pages, writes = PopulationPages, False
    computed = {"ref": CharField(), "evidence_state": CharField(help_text="What became of its evidence.")}


class SampleApi(RegisterApi):
    """Samples with all that it takes to draw them again."""

    pages, writes = SamplePages, False
    computed = {"ref": CharField(), "method_words": CharField()}
