const { parse } = require('csv-parse/sync');
const stream = require('csv-parse');
module.exports = async () => {
  const text = 'name,age,note\nAnn,36,"a, ""quoted""\nline"\nBob,40,\n';
  const later = await new Promise((resolve, reject) => stream.parse(text, { columns: true, cast: (value, { column }) => (column === 'age' ? Number(value) : value) }, (error, rows) => (error ? reject(error) : resolve(rows))));
  let wrong;
  try {
    parse('a,b\n1\n');
  } catch (error) {
    wrong = error.code;
  }
  return [parse(text), parse(text, { columns: true, skip_empty_lines: true }), later, wrong, parse('a;b\n# x\n c ; d ', { delimiter: ';', comment: '#', trim: true }), parse('1,2', { cast: true })];
};
