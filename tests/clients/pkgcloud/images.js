// Lists, gets, edits and deletes one image as pkgcloud does; prints what it saw as JSON.
'use strict';
const { promisify } = require('util');
const pkgcloud = require('pkgcloud');

async function main(id) {
  const compute = pkgcloud.compute.createClient({
    provider: 'openstack',
    authUrl: process.env.OS_AUTH_URL.replace(/\/v3$/, ''),
    keystoneAuthVersion: 'v3',
    username: process.env.OS_USERNAME,
    password: process.env.OS_PASSWORD,
    domainId: process.env.OS_USER_DOMAIN_ID,
    tenantName: process.env.OS_PROJECT_NAME,
    projectDomainId: process.env.OS_PROJECT_DOMAIN_ID,
    region: process.env.OS_REGION_NAME,
  });
  const call = (name, ...args) => promisify(compute[name]).call(compute, ...args);

  const listed = (await call('getImages')).find((image) => image.id === id);
  const { metadata } = await call('updateImageMeta', id, { key2: 'value2' });
  const image = await call('getImage', id);
  await call('destroyImage', image);
  const left = (await call('getImages')).filter((each) => each.id === id);
  console.log(JSON.stringify({ listed, image, metadata, left }));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
