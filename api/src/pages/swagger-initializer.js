// Sets up Swagger UI.

// Swagger UI's player asks for a recording once more, without the key. This one plays the bytes that "Execute" has got.
const PlayRecordings = () => ({
  wrapComponents: {
    responseBody: (Original, { React }) =>
      class extends React.Component {
        // A URL for the bytes of the response, made anew when another response is shown.
        audioUrl() {
          const { content, contentType } = this.props;
          if (this.content !== content) {
            this.componentWillUnmount();
            const playable = content instanceof Blob && /^audio\//i.test(contentType);
            this.url = playable ? URL.createObjectURL(content) : null;
            this.content = content;
          }
          return this.url;
        }

        componentWillUnmount() {
          if (this.url) URL.revokeObjectURL(this.url);
        }

        render() {
          return React.createElement(Original, { ...this.props, url: this.audioUrl() ?? this.props.url });
        }
      },
  },
});

window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    layout: "StandaloneLayout",
    persistAuthorization: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl, PlayRecordings],
    tryItOutEnabled: true,
    // Without this, Swagger UI sends the document's address to a validator on the Internet.
    validatorUrl: "none",
  });
};
