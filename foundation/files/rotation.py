"""A new master key: every file's key is wrapped anew, and no file is touched."""

from django.db import transaction

from foundation.files.models import StoredFile
from foundation.files.vault import newest_id, unwrap, wrap

BATCH = 500


def rewrap() -> int:
    """Wrap under the newest master key whatever an older one wraps; return how many files' keys that were.

    Raises NoKey or Altered at the first key that cannot be unwrapped; batches before it stay done, and it can be run
    again. Afterwards no file needs the older keys.
    """
    done = 0
    while rows := list(StoredFile.objects.exclude(key_id=newest_id()).order_by("id")[:BATCH]):
        with transaction.atomic():
            for stored in rows:
                key = unwrap(stored.wrapped_key, stored.key_id, stored.id)
                stored.wrapped_key, stored.key_id = wrap(key, stored.id)
            StoredFile.objects.bulk_update(rows, ["wrapped_key", "key_id"])
        done += len(rows)
    return done
