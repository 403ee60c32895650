"""The uploaders: each puts its share in time, and again until the store has acknowledged it."""

import threading
import time
from collections.abc import Callable, Sequence

from obstore.store import S3Store

from statuette.torture.bucket import Failed
from statuette.torture.uploads import Contents, Journal, Upload, etag, of_uploader

UPLOADERS = 4
_AGAIN = 0.2
"""Seconds until an upload that failed is tried again."""


class Feeding:
    """Puts every upload of a plan beneath `folder`, in threads of its own."""

    def __init__(
        self, store: Callable[[], S3Store], folder: str, *, uploads: Sequence[Upload], contents: Contents
    ) -> None:
        self.journal = Journal()
        self._store = store
        self._folder = folder
        self._contents = contents
        self._stop = threading.Event()
        self._write = threading.Lock()
        self._began = time.monotonic()
        shares = [of_uploader(uploads, number, uploaders=UPLOADERS) for number in range(UPLOADERS)]
        self._threads = [threading.Thread(target=self._all, args=(share,), name="uploader") for share in shares]

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def done(self) -> bool:
        """Whether every upload has been acknowledged."""
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Give up what is not put yet, and wait for the uploaders."""
        self._stop.set()
        for thread in self._threads:
            if thread.ident:
                thread.join()

    def _all(self, share: Sequence[Upload]) -> None:
        store = self._store()
        for upload in share:
            if self._stop.wait(max(0.0, self._began + upload.at - time.monotonic())):
                return
            self._put(store, upload)

    def _put(self, store: S3Store, upload: Upload) -> None:
        for number in range(1_000_000):
            content = self._contents.of(upload, number=number)
            tag = etag(content)
            with self._write:
                self.journal.attempt(upload, number, tag=tag)
            try:
                store.put(f"{self._folder}/{upload.key}", content, use_multipart=False)
            except Failed:
                with self._write:
                    self.journal.failures += 1
                if self._stop.wait(_AGAIN):
                    return
                continue
            with self._write:
                self.journal.done(upload, tag)
            return
