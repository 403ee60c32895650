"""Going on with an upload that an earlier attempt committed and did not finish."""

from statuette.events.jobs import Outcome
from statuette.events.leases import Manifest, Report
from statuette.ports.errors import BadInput
from statuette.supervisor.piece import Piece
from statuette.supervisor.publish import SealedLost


class Resumption(Piece):
    """Publishes from the sealed folder; the script is not run. When the folder is lost and not everything is stored
    already, a platform fault: the job is run again.
    """

    used = False

    async def _carry_out(self) -> Report:
        commit = self.assignment.resume
        if commit is None:
            raise BadInput("nothing to resume")
        manifest = commit.manifest
        self._find(manifest)
        self._begun = True
        page = await self._first_page(manifest)
        why = await self._publish(manifest, page, place=self._folder or self._tools.sealed_root, resumed=True)
        if why:
            return self._word(Outcome.UNPUBLISHED, reason=why)
        if manifest.exit_code:
            reason = f"the script ended with exit code {manifest.exit_code}"
            return Report(outcome=Outcome.SCRIPT_FAILED, exit_code=manifest.exit_code, reason=reason)
        return self._word(Outcome.PUBLISHED)

    def _find(self, manifest: Manifest) -> None:
        self._manifest = manifest
        if not manifest.entries:
            return
        try:
            folder = self._place(manifest.sealed)
        except BadInput as error:
            raise SealedLost("the commit names no sealed folder") from error
        self._folder = folder
