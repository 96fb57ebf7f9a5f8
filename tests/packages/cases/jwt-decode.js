const { jwtDecode, InvalidTokenError } = require('jwt-decode');
module.exports = () => {
  const token = `${btoa('{"alg":"HS256","typ":"JWT"}')}.${'eyJzdWIiOiJhbm4iLCJuYW1lIjoiSsO8cmdlbiDwn5iAIiwiZXhwIjoxNzAwMDAwMDAwfQ'}.sig`;
  const wrong = ['x', 'a.b', 'a.e30'].map((text) => {
    try {
      return jwtDecode(text);
    } catch (error) {
      return error instanceof InvalidTokenError;
    }
  });
  return [jwtDecode(token), jwtDecode(token, { header: true }), wrong];
};
