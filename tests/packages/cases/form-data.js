const FormData = require('form-data');
module.exports = async () => {
  const form = new FormData();
  form.setBoundary('----------------------------123');
  form.append('name', 'Ann');
  form.append('file', Buffer.from('a,b\n1,2\n'), { filename: 'rows.csv', contentType: 'text/csv' });
  const parts = [];
  const length = form.getLengthSync();
  const buffered = form.getBuffer().toString();
  for await (const part of form.pipe(new (require('stream').PassThrough)())) parts.push(part);
  return [form.getHeaders(), length, buffered === Buffer.concat(parts).toString(), buffered];
};
