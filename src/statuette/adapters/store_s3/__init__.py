"""Objects and buckets of any store that speaks S3.

Here: reading, writing, listing and deleting over S3, with the rules for keys and errors brought to `ports.errors`.
Data goes through obstore; what obstore cannot say (buckets, listings in full, keys it would change) through signed
requests of our own. Not here: a store's process, its event stream, its keys for people: see `store_seaweed`.
"""

from statuette.adapters.store_s3.buckets import S3Buckets
from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.objects import S3Objects
from statuette.adapters.store_s3.presigned import S3Presign
from statuette.adapters.store_s3.signed import SignedClient

__all__ = ["Endpoint", "S3Buckets", "S3Objects", "S3Presign", "SignedClient"]
