//! The nodes that share the database: which are alive, and what waits in each.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::node::Node;
use crate::flow::Bridge;
use crate::store::nodes::LIVE_MS;
use crate::web::admission::signed_in;
use crate::web::ui::account::Tabs;
use crate::web::ui::error::PageError;
use crate::web::ui::page::{Page, render};
use crate::web::ui::row::{Chip, Moment};

#[derive(Template)]
#[template(path = "settings/nodes.html")]
struct NodesPage {
    page: Page,
    tabs: Tabs,
    nodes: Vec<NodeRow>,
}

struct NodeRow {
    name: String,
    is_this: bool,
    state: Chip,
    silent_s: i64,
    waiting: i64,
    version: String,
    started: Moment,
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    render(&NodesPage {
        page: Page::new(&request, &user, "/settings", t!("settings-nodes")),
        tabs: Tabs::new(user.role, "/settings/nodes"),
        nodes: node_rows(&bridge).await?,
    })
}

async fn node_rows(bridge: &Bridge) -> Result<Vec<NodeRow>, PageError> {
    let now = bridge.clock.now();
    let nodes = bridge.store.nodes().await?;
    let row = |node: Node| NodeRow {
        is_this: node.id == bridge.nodes.id,
        state: match (node.silent_ms > LIVE_MS, node.is_behind) {
            (true, _) => Chip::new(t!("settings-node-silent"), "bad"),
            (false, true) => Chip::new(t!("settings-node-behind"), "busy"),
            (false, false) => Chip::new(t!("settings-node-live"), "good"),
        },
        silent_s: node.silent_ms / 1_000,
        waiting: node.waiting,
        version: node.version,
        started: Moment::new(node.started_at, now),
        name: node.name,
    };
    Ok(nodes.into_iter().map(row).collect())
}
