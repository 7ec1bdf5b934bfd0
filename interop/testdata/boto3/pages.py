"""Listings in pages: by boto3's paginator, and by hand where it has none."""

from daypass import app_cognito, cognito, given, new_pool, refused, root, ONCE
from botocore.config import Config

pools = {new_pool(DeveloperProviderName=f"login.example{n}") for n in range(7)}
pages = list(cognito.get_paginator("list_identity_pools").paginate(PaginationConfig={"PageSize": 3}))
listed = [p["IdentityPoolId"] for page in pages for p in page["IdentityPools"]]
assert [len(page["IdentityPools"]) for page in pages] == [3, 3, 1], pages
assert len(listed) == 7 and set(listed) == pools, listed
assert "NextToken" not in pages[-1], pages[-1]

# Seven in pages of seven are one page.
pages = list(cognito.get_paginator("list_identity_pools").paginate(PaginationConfig={"PageSize": 7}))
assert len(pages) == 1, pages

# Pools of one region do not exist in another.
abroad = root.client("cognito-identity", region_name="eu-west-1", endpoint_url=given["endpoint"], config=Config(**ONCE))
assert abroad.list_identity_pools(MaxResults=60)["IdentityPools"] == []
refused(abroad.exceptions.ResourceNotFoundException, f"IdentityPool '{listed[0]}' not found.",
        abroad.describe_identity_pool, IdentityPoolId=listed[0])

pool = listed[0]
guests = {app_cognito.get_id(IdentityPoolId=pool)["IdentityId"] for _ in range(5)}
found, more = [], {}
while True:
    page = cognito.list_identities(IdentityPoolId=pool, MaxResults=2, **more)
    found += [i["IdentityId"] for i in page["Identities"]]
    if "NextToken" not in page:
        break
    more = {"NextToken": page["NextToken"]}
assert len(found) == 5 and set(found) == guests, found

# A token goes on with the listing that gave it, and with no other.
refused(cognito.exceptions.InvalidParameterException, "Invalid pagination token given.",
        cognito.list_identity_pools, MaxResults=2, **more)
