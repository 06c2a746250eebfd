"""The views, and the few facts they show."""

from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

# What a kilogram weighs there, as a part of what it weighs here; and the moons.
PLANETS = {
    "mercury": {"gravity": 0.38, "moons": 0},
    "venus": {"gravity": 0.91, "moons": 0},
    "earth": {"gravity": 1.0, "moons": 1},
    "mars": {"gravity": 0.38, "moons": 2},
    "jupiter": {"gravity": 2.53, "moons": 97},
    "saturn": {"gravity": 1.07, "moons": 274},
    "uranus": {"gravity": 0.89, "moons": 28},
    "neptune": {"gravity": 1.14, "moons": 16},
}


def index(request):
    """All planets, or those with a word in their name."""
    word = request.GET.get("search", "").lower()
    found = {name: facts for name, facts in PLANETS.items() if word in name}
    return render(request, "index.html", {"planets": found, "search": word})


def planet(request, name):
    """One planet, for programs."""
    if name not in PLANETS:
        raise Http404(f"{name} is no planet")
    return JsonResponse({"name": name, **PLANETS[name]})


@require_POST
def weigh(request):
    """What somebody weighs everywhere; Django lets it through with its token only."""
    kilograms = float(request.POST["kilograms"])
    weights = {name: kilograms * facts["gravity"] for name, facts in PLANETS.items()}
    return JsonResponse({name: round(weight, 1) for name, weight in weights.items()})
