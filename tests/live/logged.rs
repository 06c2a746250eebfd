//! Exceptions that a framework catches, logs and answers itself: they are seen where the
//! application raised them all the same.

use crate::client::get;
use crate::dashboard::{Dashboard, dashboard};
use crate::environment::python;
use crate::folder::Folder;

const FLASK: &str = r#"
import logging
import threading
from flask import Flask

app = Flask(__name__)
PRICES = {"tea": 3}


def price(name):
    return PRICES[name]


@app.get("/goods/<name>")
def goods(name):
    try:
        return str(price(name))
    except KeyError as error:
        raise LookupError("no such thing: " + name) from error


@app.get("/mended")
def mended():
    try:
        price("coffee")
    except KeyError:
        app.logger.exception("no coffee")
    return "tea, then"


@app.get("/logged-twice")
def logged_twice():
    try:
        price("milk")
    except KeyError:
        app.logger.exception("no milk")
    raise RuntimeError("neither milk nor anything")


@app.get("/warned")
def warned():
    try:
        price("sugar")
    except KeyError:
        app.logger.warning("no sugar", exc_info=True)
    return "bitter", 503


@app.get("/elsewhere")
def elsewhere():
    def work():
        try:
            price("cake")
        except KeyError:
            app.logger.exception("no cake")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return "unwell", 500


@app.get("/odd")
def odd():
    logger = logging.getLogger("odd")
    logger.error("nothing", exc_info=True)
    logger.error("a number: %d", "none")
    return "odd", 500
"#;

const DJANGO: &str = r#"
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(SECRET_KEY="only for tests", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])


def basket(request):
    return HttpResponse(str(len(None)))


urlpatterns = [path("basket", basket)]
application = get_wsgi_application()
"#;

/// An application of the framework in the dashboard.
fn served(source: &str, target: &str) -> Dashboard {
    let folder = Folder::empty();
    folder.save("shop.py", source);
    let python = python();
    let python = python.to_str().unwrap();
    dashboard(folder, [target, "--python", python], 200, 60)
}

#[test]
fn what_flask_catches_is_seen_where_it_was_raised() {
    let at = served(FLASK, "shop:app");
    get(at.port, "/goods/milk").expect(500);
    at.terminal.sees(["#1 GET 500", "Traceback"]).press("enter ]");
    at.terminal.sees(["Overview", "Raised            LookupError: no such thing: milk"]);
    at.terminal.press("h").sees([
        "LookupError: no such thing: milk",
        "caused by",
        "KeyError: 'milk'",
        "shop.py:19  goods()",
        "shop.py:11  price()",
        ">   11     return PRICES[name]",
        "In libraries:",
    ]);
    get(at.port, "/goods/tea").expect(200);
    // Space is about what is there when it is pressed.
    at.terminal
        .sees(["Exchanges 2"])
        .press("space")
        .sees(["#2 GET 200", "> GET /goods/tea HTTP/1.1"]);
    assert!(!at.terminal.text().contains("Traceback"), "{}", at.terminal.text());
}

#[test]
fn only_what_an_answer_fails_of_is_taken_for_its_failure() {
    let at = served(FLASK, "shop:app");
    get(at.port, "/mended").expect(200);
    at.terminal.sees(["#1 GET 200", "║ KeyError: 'coffee'"]);
    get(at.port, "/warned").expect(503);
    at.terminal.sees(["#2 GET 503", "║ KeyError: 'sugar'"]);
    get(at.port, "/elsewhere").expect(500);
    at.terminal.sees(["#3 GET 500", "║ KeyError: 'cake'"]);
    get(at.port, "/odd").expect(500);
    at.terminal.sees(["#4 GET 500", "║ Arguments: ('none',)"]).press("enter h h h");
    for title in ["#4 GET", "#3 GET", "#2 GET", "#1 GET"] {
        at.terminal.sees([title]);
        if title == "#3 GET" {
            // What failed opens with its traceback.
            at.terminal.press("]");
        }
        at.terminal.sees([title, "Outcome           complete"]);
        let text = at.terminal.text();
        // What a thread that the request has started logs counts as its own.
        let is_raised = text.contains("Raised            KeyError: 'cake'");
        assert_eq!(is_raised, title == "#3 GET", "{text}");
        assert!(is_raised || !text.contains("Raised"), "{text}");
        assert!(!text.contains("<rdev"), "{text}");
        at.terminal.press("p");
    }
    get(at.port, "/logged-twice").expect(500);
    at.terminal.press("esc").sees(["enter read"]).press("G").sees([
        "#5 GET 500",
        "shop.py:37  logged_twice()",
        "RuntimeError: neither milk nor anything",
    ]);
}

#[test]
fn what_django_catches_is_seen_where_it_was_raised() {
    let at = served(DJANGO, "shop:application");
    get(at.port, "/basket").expect(500);
    at.terminal.sees(["#1 GET 500", "Traceback"]).press("enter");
    at.terminal.sees([
        "TypeError: object of type 'NoneType' has no len()",
        ">   11     return HttpResponse(str(len(None)))",
    ]);
}
