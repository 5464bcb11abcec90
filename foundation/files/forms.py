"""The field with which a form takes a file: its size and its kind are judged before anything is done with it."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from foundation.files.kinds import HEAD, UNKNOWN, USUAL, WORDS, in_words, kind_of, plain_name
from foundation.files.spool import SealedUpload

MEGABYTE = 1024 * 1024


class TooLarge(forms.ValidationError):
    """The file is larger than any that is taken here: answered with 413."""


class StoredFileField(forms.FileField):
    """One file, at most `max_bytes` long (settings.FILE_MAX_BYTES if not given), of one of `kinds` (content types).

    `kinds` of None takes any that the reader of the file will judge itself. The type that a browser claims is ignored.
    """

    def __init__(self, *, max_bytes: int | None = None, kinds: Collection[str] | None = USUAL, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_bytes, self.kinds = max_bytes, kinds

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if isinstance(file, UploadedFile):
            self.judge(file)
        return file

    def judge(self, file: UploadedFile) -> None:
        """Raise TooLarge, or ValidationError for a kind that is not taken."""
        most, size = min(self.max_bytes or settings.FILE_MAX_BYTES, settings.FILE_MAX_BYTES), file.size or 0
        if size > most:
            raise TooLarge(f"This file has {megabytes(size)}; {megabytes(most)} is the most that is taken here.")
        if self.kinds is None:
            return
        kind = kind_of_upload(file)
        if kind not in self.kinds:
            found = "of a kind that is not known" if kind == UNKNOWN else f"{WORDS.get(kind, kind)} by its contents"
            raise forms.ValidationError(f"This file is {found}. What can be taken: {in_words(self.kinds)}.")


class ManyFiles(forms.ClearableFileInput):
    """A field of a page that takes several files at once."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name)


class StoredFilesField(StoredFileField):
    """One or many files, at most `most` of them, each judged by itself: what is wrong with one names it."""

    widget = ManyFiles

    def __init__(self, *, most: int | None = None, **kwargs: Any) -> None:
        self.most = most or settings.DATA_UPLOAD_MAX_NUMBER_FILES
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """The page says by itself that these are too many (static/js/files.js)."""
        return {**super().widget_attrs(widget), "data-most": self.most}

    def clean(self, data: Any, initial: Any = None) -> Any:
        """A list of files. Raises TooLarge if one of them is, ValidationError for whatever else is wrong."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            return [] if not self.required else super().clean(None, initial)
        if len(files) > self.most:
            raise forms.ValidationError(f"These are {len(files)} files; {self.most} is the most at once.")
        wrong: list[forms.ValidationError] = []
        for file in files:
            try:
                super().clean(file, initial)
            except forms.ValidationError as error:
                told = [f"{plain_name(file.name or '')}: {words}" for words in error.messages]
                wrong += [type(error)(one) for one in told]
        if wrong:
            raise next((one for one in wrong if isinstance(one, TooLarge)), forms.ValidationError(wrong))
        return list(files)


def is_too_large(form: forms.Form) -> bool:
    """Whether a file of a form was refused for its size."""
    return any(isinstance(one, TooLarge) for found in form.errors.as_data().values() for one in found)


def megabytes(size: int) -> str:
    """A size as people read it, to a tenth of a megabyte."""
    return f"{size / MEGABYTE:,.1f}".removesuffix(".0") + " MB"


def kind_of_upload(file: UploadedFile) -> str:
    """The content type of an uploaded file, by its bytes."""
    if isinstance(file, SealedUpload):
        return file.kind
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    return kind_of(head, file.name or "")
