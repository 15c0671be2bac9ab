"""Tests of `image_tool` with a real cloud."""

import image_tool
import openstack.exceptions
import pytest


@pytest.fixture
def connection(glimpse_cloud):
    return glimpse_cloud.connection()


@pytest.mark.parametrize("size", [1, 1000, 100_000, 1_000_000])
def test_published_data_can_be_downloaded(connection, size):
    image = image_tool.publish(connection, "app", bytes(size), "2026-01-01")
    assert image.status == "active"
    assert image.size == size
    assert connection.image.download_image(image).content == bytes(size)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_only_the_last_image_is_shown(connection, count):
    for day in range(count):
        image_tool.publish(connection, "app", b"data", f"2026-01-0{day + 1}")
    names = [image.name for image in image_tool.published(connection, "app")]
    assert names == [f"app-2026-01-0{count}"]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_withdraw_deletes_hidden_images_too(connection, count):
    for day in range(count):
        image_tool.publish(connection, "app", b"data", f"2026-01-0{day + 1}")
    assert image_tool.withdraw(connection, "app") == count
    assert image_tool.withdraw(connection, "app") == 0


def test_images_of_other_names_stay(connection):
    image_tool.publish(connection, "app", b"data", "2026-01-01")
    assert image_tool.withdraw(connection, "tests") == 1
    assert len(list(image_tool.published(connection, "app"))) == 1


@pytest.mark.parametrize("name", ["cirros", "disk", "shared", "empty", "kept"])
def test_each_test_begins_with_the_images_of_the_seed(connection, name):
    names = {image.name for image in connection.image.images()}
    assert names == {"cirros", "disk", "shared", "empty", "kept"}
    image = connection.image.find_image(name, ignore_missing=False)
    if not image.is_protected and image.owner_id == connection.current_project_id:
        connection.image.delete_image(image)


def test_a_protected_image_is_not_deleted(connection):
    image = connection.image.find_image("kept", ignore_missing=False)
    with pytest.raises(openstack.exceptions.ForbiddenException):
        connection.image.delete_image(image)


@pytest.mark.parametrize("user", ["admin", "demo", "alt"])
def test_each_user_sees_public_images(glimpse_cloud, user):
    names = [image.name for image in glimpse_cloud.connection(user).image.images()]
    assert "cirros" in names


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_of_the_list_is_retried(glimpse_cloud, connection, status):
    connection.authorize()
    rule = {"status": status, "retry_after": 0} if status == 503 else {"status": status}
    with glimpse_cloud.faults.add(operation="image.list_images", first=1, **rule) as fault:
        if status == 503:
            assert list(connection.image.images())
        else:
            with pytest.raises(openstack.exceptions.HttpException):
                list(connection.image.images())
        assert fault.applied == 1


def test_a_failed_upload_leaves_no_visible_image(glimpse_cloud, connection):
    glimpse_cloud.faults.add(operation="image.upload_data", status=500)
    with pytest.raises(openstack.exceptions.SDKException):
        image_tool.publish(connection, "app", b"data", "2026-01-01")
    statuses = [image.status for image in image_tool.published(connection, "app")]
    assert "active" not in statuses


def test_old_images_are_hidden_after_the_upload_only(glimpse_cloud, connection):
    image_tool.publish(connection, "app", b"data", "2026-01-01")
    glimpse_cloud.forget_requests()
    image_tool.publish(connection, "app", b"data", "2026-01-02")
    operations = [request.operation for request in glimpse_cloud.requests]
    assert operations.index("image.upload_data") < operations.index("image.update_image")


@pytest.mark.parametrize(
    "variable", ["OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_REGION_NAME"]
)
def test_programs_log_in_by_their_environment(glimpse_cloud, variable):
    assert glimpse_cloud.environment("alt")[variable]


def test_programs_log_in_by_clouds_yaml(glimpse_cloud, monkeypatch):
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(glimpse_cloud.clouds_yaml))
    images = openstack.connect(cloud="glimpse-alt").image
    assert images.find_image("shared", ignore_missing=False).name == "shared"
