

def test_all(visitor, world):
    visitor.sign_in("anna")
    for p in [
        "/tasks",
        "/tasks?tab=groups",
        "/tasks?tab=done",
        "/start",
        "/start/trial_offer",
        "/deals",
        f"/deals/{world.deal}",
        "/instances",
        f"/instances/{world.instance}",
        f"/instances/{world.instance}/log",
        f"/instances/{world.instance}/replay",
        f"/instances/{world.instance}/replay.json",
        "/documents",
        "/approvals",
        "/help",
        f"/tasks/{world.task('prepare').id}",
    ]:
        r = visitor.get(p)
        print(p, r.status_code, len(r.text))
        assert r.status_code == 200, (p, r.text[:300])
