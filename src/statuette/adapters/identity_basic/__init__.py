"""Identity without a server of its own: the administrator's Basic credentials, and the services' tokens.

Here: checking an `Authorization` header against what this cluster itself gave out, in constant time.
Not here: who may do what (`core.access`), OpenID Connect, where passwords and tokens are kept (`main` hands them in).
Next: `admin`, `tokens`; `AnyOf` joins them.
"""

from statuette.adapters.identity_basic.admin import BasicAdmin
from statuette.adapters.identity_basic.any_of import AnyOf
from statuette.adapters.identity_basic.tokens import ServiceTokens, digest_of

__all__ = ["AnyOf", "BasicAdmin", "ServiceTokens", "digest_of"]
