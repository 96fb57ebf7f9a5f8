// No module of Node's is told that it is part of a snapshot: none keeps anything that must not be there.
'use strict';
module.exports = { namespace: { isBuildingSnapshot: () => false, addSerializeCallback() {} } };
