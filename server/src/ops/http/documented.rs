//! A router that documents itself: path and method of a handler are those of its documentation, so there is no route
//! without one. Served as OpenAPI at `/v1/openapi.json`.

use std::convert::Infallible;

use axum::{
    Router,
    body::Bytes,
    handler::Handler,
    http::header,
    response::IntoResponse,
    routing::{MethodFilter, MethodRouter, on},
};
use framehouse_shared::api::ErrorBody;
use utoipa::{
    __dev::SchemaReferences,
    IntoResponses, Path,
    openapi::{
        HttpMethod, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Schema,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

/// What is said about the whole API.
const ABOUT: &str = "Players ask here for seats in rooms, leaderboards, players and matches; operators for the state of \
                     the server. Every refusal is an `ErrorBody` with a status of 400 or above, but those of `/healthz` \
                     and `/readyz`, which are text. Readers should ignore fields that they do not know: a newer server \
                     may add some.";

/// Refusals that any request may get, whatever it asks for.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only what it says about itself is used")]
pub(super) enum Refusals {
    /// `bad_request`: a parameter is wrong, or the headers `Forwarded` and `X-Forwarded-For` name different callers.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// `foreign_origin`: the request comes from a web page of another site.
    #[response(status = 403)]
    ForeignOrigin(ErrorBody),
    /// `wrong_host`: the `Host` of the request is no name of this server.
    #[response(status = 421)]
    WrongHost(ErrorBody),
    /// `busy`: too many requests from the caller's address. `Retry-After` says for how many seconds to wait.
    #[response(status = 429, headers(("Retry-After" = u32, description = "Seconds to wait")))]
    TooMany(ErrorBody),
    /// `busy`: the server has too many connections, or its database does not answer. `Retry-After` says for how many
    /// seconds to wait.
    #[response(status = 503, headers(("Retry-After" = u32, description = "Seconds to wait")))]
    Crowded(ErrorBody),
}

/// Routes with their documentation.
pub struct Documented<S = ()> {
    router: Router<S>,
    document: OpenApi,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl<S: Clone + Send + Sync + 'static> Documented<S> {
    /// No routes yet.
    pub(crate) fn new() -> Self {
        let license = LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).build();
        let info = InfoBuilder::new().title("Framehouse server").version(env!("CARGO_PKG_VERSION"));
        let info = info.description(Some(ABOUT)).license(Some(license));
        Self { router: Router::new(), document: OpenApiBuilder::new().info(info).build(), schemas: Vec::new() }
    }

    /// Adds a handler. Its documentation is what `#[utoipa::path]` makes of it: `__path_NAME` for the handler `NAME`.
    pub(crate) fn add<D, H, T>(mut self, documentation: D, handler: H) -> Self
    where
        D: Path + SchemaReferences,
        H: Handler<T, S>,
        T: 'static,
    {
        self.describe(&documentation);
        self.router = self.router.route(&D::path(), route::<D, H, T, S>(handler));
        self
    }

    /// Adds layers and state to the routes.
    pub(crate) fn equip<T>(self, equip: impl FnOnce(Router<S>) -> Router<T>) -> Documented<T> {
        Documented { router: equip(self.router), document: self.document, schemas: self.schemas }
    }

    /// Adds the documentation of routes that are served beside these, and returns those.
    pub(crate) fn describe_all<T>(&mut self, others: Documented<T>) -> Router<T> {
        self.document.paths.paths.extend(others.document.paths.paths);
        self.schemas.extend(others.schemas);
        others.router
    }

    /// Adds a handler for the documentation of all that were added, and of itself.
    pub(crate) fn finish<D: Path + SchemaReferences>(mut self, documentation: D) -> Router<S> {
        self.describe(&documentation);
        let components = self.document.components.get_or_insert_default();
        components.schemas.extend(self.schemas);
        components.add_security_scheme("admin_token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let text = self.document.to_pretty_json().expect("text and numbers serialise");
        // Links of the code lead nowhere here.
        let text = Bytes::from(text.replace("[`", "`").replace("`]", "`"));
        let handler = move || async { ([(header::CONTENT_TYPE, "application/json")], text).into_response() };
        self.router.route(&D::path(), route::<D, _, _, S>(handler))
    }

    fn describe<D: Path + SchemaReferences>(&mut self, _: &D) {
        D::schemas(&mut self.schemas);
        self.document.paths.add_path_operation(D::path(), D::methods(), D::operation());
    }
}

/// The handler for the methods of its documentation.
fn route<D: Path, H: Handler<T, S>, T: 'static, S: Clone + Send + Sync + 'static>(
    handler: H,
) -> MethodRouter<S, Infallible> {
    let filter = |method: &HttpMethod| match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Trace => MethodFilter::TRACE,
    };
    let filters = D::methods().iter().map(filter).reduce(MethodFilter::or);
    on(filters.expect("a handler has a method"), handler)
}
